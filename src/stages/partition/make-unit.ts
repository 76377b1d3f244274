/** One unit's rows gathered out of a window, and its id. */
import { createHash } from 'node:crypto';
import type { Data, RecordBatch } from 'apache-arrow';
import { takeRows } from '../../arrow/take.ts';
import { FlowDcError } from '../../errors.ts';
import type { HostRows, Unit } from '../../record.ts';
import { ROW_COLUMN } from '../../record.ts';
import { readRoles } from '../../unit-rows.ts';
import type { Window } from './window.ts';

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
