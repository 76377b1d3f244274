/** The outcome table of a whole job as one file, written while the job goes on: parquet, or csv by its name. */
import { createWriteStream } from 'node:fs';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { RecordBatch } from 'apache-arrow';
import { csvHeader, csvLines } from '../arrow/csv-lines.ts';
import { destinationError } from '../destination/destination.ts';
import { streamParquet } from './parquet-file.ts';

/** Memory: two batches, and for parquet a row group. */
export class OutcomeFile {
  readonly path: string;
  readonly #feed = new PassThrough({ objectMode: true, highWaterMark: 1 });
  #written: Promise<void> | undefined;

  /** Nothing is touched before the first batch. An existing file is replaced. */
  constructor(path: string) {
    this.path = path;
  }

  /** Whether anything was added. */
  get isBegun(): boolean {
    return this.#written !== undefined;
  }

  /** Append; resolves when more may come. Errors: FDC_ERR_DEST_FULL, FDC_ERR_DEST_IO. */
  async add(batch: RecordBatch): Promise<void> {
    this.#written ??= this.#write();
    const taken = new Promise<void>((resolve) => this.#feed.write(batch, (error) => (error ? undefined : resolve())));
    await Promise.race([taken, this.#written]);
  }

  /** Every batch was added. Errors: as `add`. */
  async close(): Promise<void> {
    this.#feed.end();
    await this.#written;
  }

  /** Close without a promise about the content. Idempotent. */
  abandon(): void {
    this.#feed.destroy();
  }

  #write(): Promise<void> {
    const encode = this.path.toLowerCase().endsWith('.csv') ? csvBytes : streamParquet;
    const written = pipeline(this.#feed, encode, createWriteStream(this.path)).catch((error: unknown) => {
      throw destinationError(error, this.path);
    });
    // Told to whoever adds next.
    written.catch(() => {});
    return written;
  }
}

async function* csvBytes(batches: AsyncIterable<RecordBatch>): AsyncGenerator<string> {
  let isFirst = true;
  for await (const batch of batches) {
    if (isFirst) yield csvHeader(batch.schema);
    isFirst = false;
    yield csvLines(batch).join('');
  }
}
