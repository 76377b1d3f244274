/** Rows whose URL stands in an earlier row of the same manifest: they are not fetched, and name that row. */
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type DataType, Field, Float64, type RecordBatch, Schema } from 'apache-arrow';
import { float64Column, schemaBatch } from '../arrow/columns.ts';
import { textColumn } from '../arrow/text.ts';
import { DUPLICATE_COLUMN } from '../record.ts';
import { urlColumn } from '../unit-rows.ts';
import { BucketFile } from './bucket-file.ts';
import { rowNumbersOf } from './row-numbers.ts';
import { DigestFile } from './text-digest.ts';

/** A row, and the first one with its URL. */
const PAIR_BYTES = 16;
/** Rows whose pairs are sorted at a time: 64 MB if each of them repeats another one. */
const ROWS_AT_ONCE = 2 ** 22;

/** Pairs of rows, by the row that repeats. */
export class RepeatedRows {
  readonly #pairs: BucketFile;
  readonly #pair = Buffer.alloc(PAIR_BYTES);
  count = 0;

  constructor(folder: string) {
    this.#pairs = new BucketFile(join(folder, 'repeated-rows'), PAIR_BYTES);
  }

  add(row: number, first: number): void {
    this.#pair.writeDoubleLE(row, 0);
    this.#pair.writeDoubleLE(first, 8);
    this.#pairs.add(Math.floor(row / ROWS_AT_ONCE), this.#pair);
    this.count += 1;
  }

  /** Rising. */
  *read(): Generator<readonly [row: number, first: number]> {
    for (let bucket = 0; bucket < this.#pairs.buckets; bucket += 1) {
      const bytes = this.#pairs.read(bucket);
      const firstOf = new Float64Array(ROWS_AT_ONCE).fill(-1);
      for (let at = 0; at < bytes.length; at += PAIR_BYTES)
        firstOf[bytes.readDoubleLE(at) % ROWS_AT_ONCE] = bytes.readDoubleLE(at + 8);
      for (let at = 0; at < ROWS_AT_ONCE; at += 1)
        if ((firstOf[at] as number) >= 0) yield [bucket * ROWS_AT_ONCE + at, firstOf[at] as number];
    }
  }

  /** Idempotent. */
  close(): void {
    this.#pairs.close();
  }
}

/**
 * Read all rows and find those that repeat a URL, letter by letter; rows without one do not. Memory: 16 MiB and a bucket;
 * on disk 24 bytes per row while it works, and 16 per row that repeats.
 * @param batches - of the reader, row numbers rising
 * @param folder - for temporary files
 * Errors: those of the reader and of the file system; the signal's reason.
 */
export async function findRepeats(
  batches: AsyncIterable<RecordBatch>,
  folder: string,
  signal?: AbortSignal,
): Promise<RepeatedRows> {
  const digests = new DigestFile(join(folder, 'digests'));
  const repeats = new RepeatedRows(folder);
  try {
    for await (const batch of batches) {
      signal?.throwIfAborted();
      const rows = rowNumbersOf(batch);
      textColumn(urlColumn(batch)).forEach((url, at) => {
        if (url) digests.add(url, rows[at] as number);
      });
    }
    for (let number = 0; number < DigestFile.buckets; number += 1) {
      const bucket = digests.bucket(number);
      for (let at = 0; at < bucket.length; at += 1) {
        const first = bucket.note(at);
        if (first !== at) repeats.add(bucket.numberAt(at), bucket.numberAt(first));
      }
      await setImmediate();
      signal?.throwIfAborted();
    }
    return repeats;
  } catch (error) {
    repeats.close();
    throw error;
  } finally {
    digests.close();
  }
}

/** The same batches with a column that names, for rows that repeat a URL, the first row with it. */
export async function* markRepeats(
  batches: AsyncIterable<RecordBatch>,
  repeats: RepeatedRows,
): AsyncGenerator<RecordBatch> {
  const pairs = repeats.read();
  let next = pairs.next();
  for await (const batch of batches) {
    const firsts = Array.from(rowNumbersOf(batch), (row) => {
      while (!next.done && next.value[0] < row) next = pairs.next();
      return next.done || next.value[0] !== row ? undefined : next.value[1];
    });
    const fields = [...batch.schema.fields, new Field<DataType>(DUPLICATE_COLUMN, new Float64(), true)];
    const schema = new Schema(fields, batch.schema.metadata);
    yield schemaBatch(schema, batch.numRows, [...batch.data.children, float64Column(firsts)]);
  }
}
