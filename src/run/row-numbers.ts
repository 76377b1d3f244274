/** Row numbers of batches, and batches with other ones. */
import type { Data, RecordBatch } from 'apache-arrow';
import { schemaBatch, sequenceColumn } from '../arrow/columns.ts';
import { takeRows } from '../arrow/take.ts';
import { ROW_COLUMN } from '../record.ts';

/** Numbers over the whole manifest. */
export function rowNumbersOf(batch: RecordBatch): Float64Array {
  return (batch.data.children[rowColumnOf(batch)] as Data).values.subarray(0, batch.numRows) as Float64Array;
}

/** Some rows of a batch, by their positions, rising. */
export function someRows(batch: RecordBatch, positions: readonly number[]): RecordBatch {
  if (positions.length === batch.numRows) return batch;
  return takeRows([batch], { batches: new Uint8Array(positions.length), rows: positions });
}

/** The same rows, numbered from `first` on. */
export function numberedFrom(batch: RecordBatch, first: number): RecordBatch {
  const children = [...batch.data.children];
  children[rowColumnOf(batch)] = sequenceColumn(first, batch.numRows);
  return schemaBatch(batch.schema, batch.numRows, children);
}

function rowColumnOf({ schema }: RecordBatch): number {
  return schema.fields.findIndex(({ name }) => name === ROW_COLUMN);
}
