/** The rows of a window brought to their units. */
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Data, RecordBatch } from 'apache-arrow';
import { rowsByPart, runsIn } from '../../arrow/picks.ts';
import { RowBuilder, sameColumns, takeRows } from '../../arrow/take.ts';
import { FlowDcError } from '../../errors.ts';
import type { HostRows, Unit } from '../../record.ts';
import { ROW_COLUMN } from '../../record.ts';
import { readRoles } from '../../unit-rows.ts';
import { cutWindow, type WindowCut } from './cut-window.ts';
import { mixRows } from './mix-window.ts';
import type { Window } from './window.ts';

/** Units whose rows are gathered side by side: more ends of columns than that do not stay in the processor's cache. */
const SIDE_BY_SIDE = 256;
/** Rows that are moved before somebody else gets a turn. */
const ROWS_PER_TURN = 16_384;
/** Shard names have six digits; seven would sort between them. */
const MAX_UNITS = 1_000_000;

export interface Cutting {
  readonly shardSize: number;
  /** Set where hosts are mixed: uniform in [0, 1). */
  readonly random?: (() => number) | undefined;
}

/**
 * A window's units in publish order, each with the next number; see cutWindow and mixRows. The window is used up.
 * FDC_ERR_CONFIG_INVALID beyond a million units: the shards could no longer be named.
 */
export function gatherUnits(
  window: Window,
  { shardSize, random }: Cutting,
  nextUnit: () => number,
): AsyncGenerator<Unit, void> {
  return random === undefined
    ? unitsByHost(window, shardSize, nextUnit)
    : mixedUnits(window, mixRows(window.rows, shardSize, random), nextUnit);
}

/** @param positions - by unit, of its rows in their order */
async function* mixedUnits(
  { batches: all, hostOf, hosts, rows }: Window,
  positions: readonly Int32Array[],
  nextUnit: () => number,
): AsyncGenerator<Unit, void> {
  const batches = all as RecordBatch[];
  const [batchOf, rowOf] = [new Int32Array(rows), new Int32Array(rows)];
  let at = 0;
  for (const [i, { numRows }] of batches.entries()) {
    for (let row = 0; row < numRows; row++) {
      batchOf[at] = i;
      rowOf[at++] = row;
    }
  }
  for (const unit of positions) {
    const picks = { batches: unit.map((place) => batchOf[place] as number), rows: unit.map((p) => rowOf[p] as number) };
    const rowsOfHost = new Map<string, number>();
    for (const place of unit) {
      const host = hosts[hostOf[place] as number] as string;
      rowsOfHost.set(host, (rowsOfHost.get(host) ?? 0) + 1);
    }
    yield makeUnit(
      nextUnit(),
      takeRows(batches, picks),
      Array.from(rowsOfHost, ([host, rows]) => ({ host, rows })),
    );
    await setImmediate();
  }
}

/**
 * Batches are gone through one after the
 * other and their rows appended to their units: picking the rows of one unit after the other out of all batches takes
 * twice the time, nearly all of it misses of the cache.
 */
async function* unitsByHost(window: Window, shardSize: number, nextUnit: () => number): AsyncGenerator<Unit, void> {
  const cut = cutWindow(window, shardSize);
  const units = cut.rows.length;
  const hosts = hostsByUnit(window, cut);
  const known = sameColumns(window.batches as RecordBatch[], Math.min(shardSize, window.rows));
  for (let from = 0; from < units; from += SIDE_BY_SIDE) {
    const to = Math.min(units, from + SIDE_BY_SIDE);
    const builders = await gather(window, cut, known, from, to);
    for (const [i, builder] of builders.entries()) {
      builders[i] = undefined;
      yield makeUnit(nextUnit(), (builder as RowBuilder).finish(), hosts[from + i] as HostRows[]);
    }
  }
}

/** Units [from, to), each with its rows. With the last of them the window's batches are let go of. */
async function gather(
  { batches }: Window,
  { unitOf, rows }: WindowCut,
  known: readonly (Data | undefined)[],
  from: number,
  to: number,
): Promise<(RowBuilder | undefined)[]> {
  const { schema } = batches[0] as RecordBatch;
  const builders = Array.from(rows.subarray(from, to), (expected) => new RowBuilder(schema, expected, known));
  let at = 0;
  let turn = 0;
  for (let i = 0; i < batches.length; i++) {
    const batch = batches[i] as RecordBatch;
    const parts = unitOf.subarray(at, at + batch.numRows);
    for (const { part, rows } of rowsByPart(parts, from, to))
      (builders[part - from] as RowBuilder).append([batch], runsIn(rows));
    if (to === rows.length) batches[i] = undefined;
    at += batch.numRows;
    turn += batch.numRows;
    if (turn < ROWS_PER_TURN) continue;
    turn = 0;
    await setImmediate();
  }
  return builders;
}

/** Hosts by unit, by first appearance in it: a host's rows fill one unit after the other, and never go back. */
function hostsByUnit({ rows, hostOf, hosts }: Window, { unitOf, rows: unitRows }: WindowCut): HostRows[][] {
  const found = Array.from(unitRows, (): { readonly host: string; rows: number }[] => []);
  const unitNow = new Int32Array(hosts.length).fill(-1);
  const now: { rows: number }[] = [];
  for (let at = 0; at < rows; at++) {
    const host = hostOf[at] as number;
    const unit = unitOf[at] as number;
    if (unitNow[host] !== unit) {
      unitNow[host] = unit;
      const entry = { host: hosts[host] as string, rows: 0 };
      found[unit]?.push(entry);
      now[host] = entry;
    }
    (now[host] as { rows: number }).rows++;
  }
  return found;
}

function makeUnit(index: number, rows: RecordBatch, hosts: readonly HostRows[]): Unit {
  if (index >= MAX_UNITS) {
    throw new FlowDcError(
      'FDC_ERR_CONFIG_INVALID',
      'the manifest needs more than 1,000,000 shards, which is as many as can be named: raise shard_size (up ' +
        'to 50000) or split the manifest into several jobs',
    );
  }
  const shard = String(index).padStart(6, '0');
  return { id: `${shard}-${fingerprint(rows)}`, shard, rows, hosts };
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
