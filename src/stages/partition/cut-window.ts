/** A window to units of at most shard_size rows, in publish order. */

import { createHash } from 'node:crypto';
import type { Data, RecordBatch } from 'apache-arrow';
import { takeRows } from '../../arrow/take.ts';
import { FlowDcError } from '../../errors.ts';
import type { HostRows, Unit } from '../../record.ts';
import { ROW_COLUMN } from '../../record.ts';
import { readRoles } from '../../unit-rows.ts';
import type { Window } from './window.ts';

/**
 * How many part-filled units stay open for more hosts while the rest is packed. Bounds the search for a place;
 * chosen, untested: with 32 open units the ones that are given up have little room left.
 */
const OPEN_BINS = 32;

/** Window positions of one unit, ascending, with where in its group's (or the rest's) sequence it belongs: 0 to 1. */
interface Cut {
  readonly positions: number[];
  readonly place: number;
}

/**
 * Cut a window into units of at most
 * `shardSize` rows, in publish order. A group (a host, or a domain's hosts) with at least `shardSize` rows gets full
 * units of its own; what remains of it and all smaller groups are packed whole, by first appearance, into shared ones.
 * Units are ordered by their relative position within their group, so that groups alternate. Depends on nothing but the
 * window's rows.
 */
export function cutWindow(window: Window, shardSize: number): number[][] {
  const byGroup: number[][] = Array.from({ length: window.groups }, () => []);
  for (let at = 0; at < window.rows; at++) {
    const group = window.groupOf[window.hostOf[at] as number] as number;
    (byGroup[group] as number[]).push(at);
  }
  const cuts: Cut[] = [];
  const rest: number[][] = [];
  for (const positions of byGroup) {
    const own = Math.floor(positions.length / shardSize);
    for (let i = 0; i < own; i++)
      cuts.push({ positions: positions.slice(i * shardSize, (i + 1) * shardSize), place: (i + 0.5) / own });
    if (positions.length > own * shardSize) rest.push(positions.slice(own * shardSize));
  }
  const packed = packWhole(rest, shardSize);
  packed.forEach((positions, i) => {
    cuts.push({ positions, place: (i + 0.5) / packed.length });
  });
  // Array.prototype.sort is stable: groups with equal places stay in order of appearance.
  return cuts.sort((a, b) => a.place - b.place).map((cut) => cut.positions);
}

/** First fit among the open bins; positions within a bin come out ascending. */
function packWhole(groups: readonly number[][], shardSize: number): number[][] {
  const bins: number[][][] = [];
  let open: { room: number; groups: number[][] }[] = [];
  for (const group of groups) {
    let bin = open.find(({ room }) => room >= group.length);
    if (bin === undefined) {
      bin = { room: shardSize, groups: [] };
      bins.push(bin.groups);
      open.push(bin);
      if (open.length > OPEN_BINS) open.splice(fullest(open), 1);
    }
    bin.groups.push(group);
    bin.room -= group.length;
    if (bin.room === 0) open = open.filter((other) => other !== bin);
  }
  return bins.map((parts) => parts.flat().sort((a, b) => a - b));
}

function fullest(open: readonly { room: number }[]): number {
  let index = 0;
  open.forEach((bin, i) => {
    // The newest bin was opened for a group that fits nowhere else.
    if (i < open.length - 1 && bin.room < (open[index] as { room: number }).room) index = i;
  });
  return index;
}

/** Shard names have six digits; seven would sort between them. */
const MAX_UNITS = 1_000_000;

/**
 * Gather one unit's rows out of a window.
 * FDC_ERR_CONFIG_INVALID beyond a million units: the shards could no longer be named.
 */
export function makeUnit(index: number, window: Window, positions: readonly number[]): Unit {
  if (index >= MAX_UNITS) {
    throw new FlowDcError(
      'FDC_ERR_CONFIG_INVALID',
      'the manifest needs more than 1,000,000 shards, which is as many as can be named: raise shard_size (up ' +
        'to 10000) or split the manifest into several jobs',
    );
  }
  const shard = String(index).padStart(6, '0');
  const rows = takeRows(window.batches, {
    batches: positions.map((at) => window.batchOf[at] as number),
    rows: positions.map((at) => window.rowOf[at] as number),
  });
  return { id: `${shard}-${fingerprint(rows)}`, shard, rows, hosts: countHosts(window, positions) };
}

function countHosts(window: Window, positions: readonly number[]): HostRows[] {
  const counts = new Map<number, number>();
  for (const at of positions) {
    const host = window.hostOf[at] as number;
    counts.set(host, (counts.get(host) ?? 0) + 1);
  }
  return [...counts].map(([host, rows]) => ({ host: window.hosts[host] as string, rows }));
}

/**
 * Over row numbers, URL lengths and URL bytes, as the gathered buffers have them: these start at 0 whatever they were
 * cut from.
 */
function fingerprint(rows: RecordBatch): string {
  const hash = createHash('sha256');
  for (const name of [ROW_COLUMN, readRoles(rows.schema).url]) {
    const index = rows.schema.fields.findIndex((field) => field.name === name);
    const { valueOffsets, values } = rows.data.children[index] as Data;
    if (valueOffsets !== undefined)
      hash.update(bytesOf(valueOffsets instanceof Int32Array ? valueOffsets : Int32Array.from(valueOffsets, Number)));
    hash.update(bytesOf(values as Uint8Array));
  }
  return hash.digest('hex').slice(0, 8);
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
