/** Rows of several batches as a new one. */
import type { RecordBatch } from 'apache-arrow';
import { type RowPicks, runsOf } from './picks.ts';
import { RowBuilder } from './row-builder.ts';

/**
 * Gather rows of several batches of one schema into a new batch. The schema's metadata is the first batch's.
 * Errors: those of RowBuilder; TypeError without any batch.
 */
export function takeRows(batches: readonly RecordBatch[], picks: RowPicks): RecordBatch {
  const first = batches[0];
  if (first === undefined) throw new TypeError('expected at least one batch to take rows from');
  const rows = new RowBuilder(first.schema);
  rows.append(batches, runsOf(picks));
  return rows.finish();
}
