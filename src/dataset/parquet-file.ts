/** Small parquet files that flow-dc itself writes and reads back, in this thread. */
import { type Data, type RecordBatch, tableFromIPC } from 'apache-arrow';
import type { WriterProperties } from 'parquet-wasm';
import { encodeBatch } from '../arrow/batch-bytes.ts';
import { loadParquet } from '../load-parquet.ts';
import { inOwnColumns } from './img2dataset-table.ts';
import { OWN_PREFIX } from './img2dataset-words.ts';

/** Bounds the writer's memory; its own default of a million rows would not. */
const ROW_GROUP_ROWS = 50_000;

/**
 * A batch as a parquet file, zstd.
 * @param metadata - of the file, besides the schema's own
 */
export function encodeParquet(batch: RecordBatch, metadata: ReadonlyMap<string, string> = new Map()): Uint8Array {
  const { Table, writeParquet } = loadParquet();
  return writeParquet(Table.fromIPCStream(encodeBatch(batch)), properties(metadata));
}

/**
 * Every row of an outcome table, in our columns whatever columns it has, whose checksum was found right. Damaged bytes
 * can make the reader panic, which poisons its memory for the rest of the process; check them first.
 */
export function decodeParquet(bytes: Uint8Array, columns?: readonly string[]): RecordBatch[] {
  return decodeAsWritten(bytes, columns).map(inOwnColumns);
}

/** The same in the columns that it has. */
export function decodeAsWritten(bytes: Uint8Array, columns?: readonly string[]): RecordBatch[] {
  // Of a table with the columns of another program all are read.
  const options = columns === undefined || isForeign(bytes) ? {} : { columns: [...columns] };
  return tableFromIPC(loadParquet().readParquet(bytes, options).intoIPCStream()).batches;
}

/** Names of columns stand in the foot of a file. */
function isForeign(bytes: Uint8Array): boolean {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 8, true);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    .subarray(-8 - length)
    .includes(`${OWN_PREFIX}status`);
}

/** Throws TypeError when there is no such column. */
export function columnOf(batch: RecordBatch, name: string): Data {
  const data = batch.data.children[batch.schema.fields.findIndex((field) => field.name === name)];
  if (data === undefined) throw new TypeError(`expected the column ${name}, got ${batch.schema.names.join(', ')}`);
  return data;
}

/** Batches of one schema as the bytes of one parquet file; holds one row group at a time. */
export function streamParquet(batches: AsyncIterable<RecordBatch>): AsyncIterable<Uint8Array> {
  const source = ReadableStream.from(wasmBatches(batches));
  return readAll(source);
}

async function* readAll(source: ReadableStream): AsyncGenerator<Uint8Array> {
  const parquet = await loadParquet().transformParquetStream(source, properties());
  for await (const chunk of parquet as unknown as AsyncIterable<Uint8Array>) yield chunk;
}

async function* wasmBatches(batches: AsyncIterable<RecordBatch>): AsyncGenerator<unknown> {
  const { Table } = loadParquet();
  for await (const batch of batches) yield* Table.fromIPCStream(encodeBatch(batch)).recordBatches();
}

function properties(metadata: ReadonlyMap<string, string> = new Map()): WriterProperties {
  const { Compression, WriterPropertiesBuilder } = loadParquet();
  return (
    new WriterPropertiesBuilder()
      .setCompression(Compression.ZSTD)
      // Most columns say something else in every row: their dictionaries took half the time and made files larger.
      .setDictionaryEnabled(false)
      // Of a few sentences.
      .setColumnDictionaryEnabled('message', true)
      .setMaxRowGroupSize(ROW_GROUP_ROWS)
      .setCreatedBy('flow-dc')
      .setKeyValueMetadata(new Map(metadata))
      .build()
  );
}
