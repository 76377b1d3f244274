/** The rows of a manifest that a round fetches again, with what they were before. */
import { type DataType, Field, type RecordBatch, Schema, Utf8 } from 'apache-arrow';
import { schemaBatch, utf8Column } from '../arrow/columns.ts';
import type { RetryRound } from '../job/retry-rounds.ts';
import { ATTEMPT_SET_METADATA, BEFORE_COLUMN, ENDED_COLUMN } from '../record.ts';
import { rowNumbersOf, someRows } from './row-numbers.ts';

/** Batches of the reader in, the round's rows of them out; ends after the last of those. */
export async function* rowsAgain(
  batches: AsyncIterable<RecordBatch>,
  { set, rows, outcomeOf, outcomes }: RetryRound,
): AsyncGenerator<RecordBatch> {
  let next = 0;
  for await (const batch of batches) {
    const [first = 0] = rowNumbersOf(batch);
    const picked: number[] = [];
    const before: (string | undefined)[] = [];
    for (; next < rows.length && (rows[next] as number) < first + batch.numRows; next += 1) {
      picked.push((rows[next] as number) - first);
      before.push(outcomes[outcomeOf[next] as number]);
    }
    if (picked.length > 0) yield marked(someRows(batch, picked), before, set);
    if (next === rows.length) return;
  }
}

/**
 * Batches with a column that says of rows that were taken again later how they had ended: when a unit is done again, the
 * line that such a row has in it is what the later one took off.
 * @param later - rounds after the time at which these rows are taken, in order
 */
export async function* rowsEnded(
  batches: AsyncIterable<RecordBatch>,
  later: readonly RetryRound[],
): AsyncGenerator<RecordBatch> {
  const next = later.map(() => 0);
  for await (const batch of batches) {
    const ended = Array.from(rowNumbersOf(batch), (row) => {
      for (const [at, { rows, outcomes, outcomeOf }] of later.entries()) {
        while ((rows[next[at] as number] ?? Number.POSITIVE_INFINITY) < row) next[at] = (next[at] as number) + 1;
        if (rows[next[at] as number] === row) return outcomes[outcomeOf[next[at] as number] as number];
      }
      return undefined;
    });
    const fields = [...batch.schema.fields, new Field<DataType>(ENDED_COLUMN, new Utf8(), true)];
    const schema = new Schema(fields, batch.schema.metadata);
    yield schemaBatch(schema, batch.numRows, [...batch.data.children, utf8Column(ended)]);
  }
}

function marked(batch: RecordBatch, before: readonly (string | undefined)[], set: number): RecordBatch {
  const { fields, metadata } = batch.schema;
  const all = [...fields, new Field<DataType>(BEFORE_COLUMN, new Utf8(), true)];
  const schema = new Schema(all, new Map([...metadata, [ATTEMPT_SET_METADATA, String(set)]]));
  return schemaBatch(schema, batch.numRows, [...batch.data.children, utf8Column(before)]);
}
