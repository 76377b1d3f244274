/** Metadata.parquet of loose files. */
import { Field, type RecordBatch, Schema } from 'apache-arrow';
import { schemaBatch } from '../../arrow/columns.ts';
import { takeRows } from '../../arrow/take.ts';
import { textColumn } from '../../arrow/text.ts';
import type { Destination } from '../../destination/destination.ts';
import { decodeParquet, streamParquet } from '../parquet-file.ts';
import type { SealedShard } from './totals.ts';

/**
 * metadata.parquet of loose files: one row per stored sample, `file_name` first as the imagefolder loader wants it,
 * then the outcome columns. Reads one unit's table at a time.
 */
export function looseMetadata(destination: Destination, shards: readonly SealedShard[]): AsyncIterable<Uint8Array> {
  return streamParquet(storedRows(destination, shards));
}

async function* storedRows(destination: Destination, shards: readonly SealedShard[]): AsyncGenerator<RecordBatch> {
  for (const { table } of shards) {
    if (table === undefined) continue;
    const batches = decodeParquet(await destination.readFile(table));
    const picks = { batches: [] as number[], rows: [] as number[] };
    batches.forEach((batch, index) => {
      const name = batch.schema.fields.findIndex((field) => field.name === 'name');
      textColumn(batch.data.children[name] as RecordBatch['data']['children'][number]).forEach((path, row) => {
        if (path === null) return;
        picks.batches.push(index);
        picks.rows.push(row);
      });
    });
    if (batches.length > 0) yield fileNameFirst(takeRows(batches, picks));
  }
}

function fileNameFirst(batch: RecordBatch): RecordBatch {
  const order = batch.schema.fields.map((_, index) => index);
  const name = batch.schema.fields.findIndex((field) => field.name === 'name');
  const columns = [name, ...order.filter((index) => index !== name)];
  const fields = columns.map((index) => {
    const field = batch.schema.fields[index] as Field;
    return index === name ? new Field('file_name', field.type, true) : field;
  });
  const children = columns.map((index) => batch.data.children[index] as RecordBatch['data']['children'][number]);
  return schemaBatch(new Schema(fields), batch.numRows, children);
}
