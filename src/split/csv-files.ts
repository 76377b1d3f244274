/** Every file as csv. */
import { appendFile } from 'node:fs/promises';
import type { RecordBatch } from 'apache-arrow';
import { csvHeader, csvLines } from '../arrow/csv-lines.ts';
import { destinationError } from '../destination/destination.ts';

/** Text that waits in memory, over all files, before it is appended to them. */
const BUFFER_CHARS = 16 * 1024 * 1024;

export class CsvFiles {
  readonly #pathOf: (file: number) => string;
  readonly #waiting: string[];
  readonly #begun = new Set<number>();
  #chars = 0;
  /** The batch that was met last, as text: its rows come file by file. */
  #batch: RecordBatch | undefined;
  #lines: readonly string[] = [];

  constructor(files: number, pathOf: (file: number) => string) {
    this.#pathOf = pathOf;
    this.#waiting = Array.from({ length: files }, () => '');
  }

  /** As ParquetFiles does. */
  async append(file: number, batch: RecordBatch, rows: Uint32Array): Promise<void> {
    if (batch !== this.#batch) {
      this.#batch = batch;
      this.#lines = csvLines(batch);
    }
    let text = this.#begun.has(file) ? '' : csvHeader(batch.schema);
    this.#begun.add(file);
    for (const row of rows) text += this.#lines[row];
    this.#waiting[file] += text;
    this.#chars += text.length;
    if (this.#chars > BUFFER_CHARS) await this.#write();
  }

  async finish(): Promise<void> {
    await this.#write();
  }

  /** There is nothing to let go of. */
  async close(): Promise<void> {}

  async #write(): Promise<void> {
    for (const [file, text] of this.#waiting.entries()) {
      if (text === '') continue;
      await appendFile(this.#pathOf(file), text).catch((error: unknown) => {
        throw destinationError(error, this.#pathOf(file));
      });
      this.#waiting[file] = '';
    }
    this.#chars = 0;
  }
}
