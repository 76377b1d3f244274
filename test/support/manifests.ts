/** Small manifests in every format. */
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ReadableStream } from 'node:stream/web';
import type { Data, RecordBatch } from 'apache-arrow';
import {
  Compression,
  Table,
  transformParquetStream,
  type RecordBatch as WasmBatch,
  WriterPropertiesBuilder,
  writeParquet,
} from 'parquet-wasm';
import { encodeBatch } from '../../src/arrow/batch-bytes.ts';
import { batchOf, repeatedUtf8Column, sequenceColumn, utf8Column } from '../../src/arrow/columns.ts';
import { ROLE_METADATA, ROW_COLUMN, SOURCE_FILE_COLUMN, SOURCE_ROW_COLUMN } from '../../src/record.ts';

export interface ParquetShape {
  readonly codec?: keyof typeof Compression;
  readonly rowGroupRows?: number;
}

/** A parquet file of the given columns. */
export async function writeParquetFile(
  path: string,
  columns: readonly (readonly [string, Data])[],
  shape: ParquetShape = {},
): Promise<void> {
  const table = Table.fromIPCStream(encodeBatch(batchOf(columns)));
  await writeFile(path, writeParquet(table, properties(shape)));
}

/**
 * A parquet file of any length, written batch by batch: `url` only, or what `makeColumns` gives for rows [first, first
 * + rows).
 */
export async function writeLargeParquet(
  path: string,
  rows: number,
  shape: ParquetShape = {},
  makeColumns: (first: number, rows: number) => [string, Data][] = (from, count) => urlColumns(from, count),
): Promise<void> {
  const step = 50_000;
  let first = 0;
  const batches = new ReadableStream<WasmBatch>({
    pull(controller) {
      const count = Math.min(step, rows - first);
      if (count <= 0) return controller.close();
      const table = Table.fromIPCStream(encodeBatch(batchOf(makeColumns(first, count))));
      controller.enqueue(table.recordBatches()[0] as WasmBatch);
      first += count;
    },
  });
  const bytes = await transformParquetStream(batches as never, properties(shape));
  await pipeline(Readable.fromWeb(bytes as never), createWriteStream(path));
}

/** Distinct URLs of one host, 60 to 70 bytes each, as photo archives have them. */
export function urlColumns(first: number, rows: number, scheme = 'https'): [string, Data][] {
  const urls = Array.from(
    { length: rows },
    (_, i) => `${scheme}://photos.example.org/photos/${(first + i) * 7919}/${(first + i) % 97}/medium.jpg`,
  );
  return [['url', utf8Column(urls)]];
}

/**
 * A batch as the manifest reader hands it on: row number, source columns, then the manifest's own; `url` is the URL
 * column.
 */
export function manifestBatch(
  urls: readonly (string | null)[],
  firstRow = 0,
  own: readonly (readonly [string, Data])[] = [],
): RecordBatch {
  return batchOf(
    [
      [ROW_COLUMN, sequenceColumn(firstRow, urls.length)],
      [SOURCE_FILE_COLUMN, repeatedUtf8Column('manifest.parquet', urls.length)],
      [SOURCE_ROW_COLUMN, sequenceColumn(firstRow, urls.length)],
      ['url', utf8Column(urls)],
      ...own,
    ],
    new Map([[ROLE_METADATA.url, 'url']]),
  );
}

function properties({ codec = 'SNAPPY', rowGroupRows = 100_000 }: ParquetShape) {
  return new WriterPropertiesBuilder().setCompression(Compression[codec]).setMaxRowGroupSize(rowGroupRows).build();
}
