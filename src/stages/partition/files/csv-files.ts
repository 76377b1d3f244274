import { appendFile } from 'node:fs/promises';
import type { Data, RecordBatch } from 'apache-arrow';
import { textColumn } from '../../../arrow/text.ts';
import { destinationError } from '../../../destination/destination-error.ts';
import type { PartFiles } from './part-files.ts';

/** Text that waits in memory, over all files, before it is appended to them. */
const BUFFER_CHARS = 16 * 1024 * 1024;

/**
 * Every file as csv (RFC 4180, a header, `\n` between lines): values as text, nested ones as JSON; null is an empty cell, empty text is `""`.
 */
export class CsvFiles implements PartFiles {
  readonly #pathOf: (file: number) => string;
  readonly #waiting: string[];
  readonly #begun = new Set<number>();
  #chars = 0;

  constructor(files: number, pathOf: (file: number) => string) {
    this.#pathOf = pathOf;
    this.#waiting = Array.from({ length: files }, () => '');
  }

  room(): number {
    return Number.POSITIVE_INFINITY;
  }

  async append(file: number, rows: RecordBatch): Promise<void> {
    const header = this.#begun.has(file) ? '' : `${rows.schema.fields.map(({ name }) => cell(name)).join(',')}\n`;
    this.#begun.add(file);
    const text = header + csvLines(rows);
    this.#waiting[file] += text;
    this.#chars += text.length;
    if (this.#chars > BUFFER_CHARS) await this.#write();
  }

  async finish(): Promise<void> {
    await this.#write();
  }

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

function csvLines(rows: RecordBatch): string {
  const columns = rows.data.children.map((column) => textColumn(column as Data));
  const lines = Array.from({ length: rows.numRows }, (_, row) => columns.map((column) => cell(column[row] ?? null)).join(','));
  return `${lines.join('\n')}\n`;
}

function cell(value: string | null): string {
  if (value === null) return '';
  return value === '' || /[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
