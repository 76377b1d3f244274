/** Rows of text cells, column by column. */

import { StringDecoder } from 'node:string_decoder';
import type { RecordBatch } from 'apache-arrow';
import { batchOf, utf8Column } from '../../arrow/columns.ts';
import { FlowDcError } from '../../errors.ts';

/** Most rows in a batch. */
export const BATCH_ROWS = 8192;

/** Bytes of a text file, unpacked, with the place to say what is odd about them. */
export interface TextInput {
  readonly name: string;
  readonly chunks: AsyncIterable<Buffer>;
  /** Hand on what is there after every chunk: the next one may be a long time coming. */
  readonly isLive: boolean;
  warn(message: string): void;
}

/** Rows of text cells, column by column. Empty cells are null. */
export class TextRows {
  readonly names: readonly string[];
  #columns: (string | null)[][];
  #hasWarned = false;
  readonly #input: TextInput;
  #taken = 0;

  constructor(names: readonly string[], input: TextInput) {
    this.names = names;
    this.#input = input;
    this.#columns = names.map(() => []);
  }

  get length(): number {
    return this.#columns[0]?.length ?? 0;
  }

  /** Rows so far, those taken away included. */
  get total(): number {
    return this.#taken + this.length;
  }

  add(cells: readonly (string | null | undefined)[]): void {
    for (let i = 0; i < this.#columns.length; i++) (this.#columns[i] as (string | null)[]).push(cells[i] || null);
  }

  /** The rows as batches of at most 8192; they are not kept. */
  *take(): Iterable<RecordBatch> {
    const columns = this.#columns;
    const { length } = this;
    this.#columns = this.names.map(() => []);
    for (let from = 0; from < length; from += BATCH_ROWS) {
      const parts = columns.map(
        (values, i) => [this.names[i] as string, utf8Column(values.slice(from, from + BATCH_ROWS))] as const,
      );
      for (const [name, data] of parts) this.#checkText(name, data.values);
      this.#taken += Math.min(BATCH_ROWS, length - from);
      yield batchOf(parts);
    }
  }

  /** The columns without rows. */
  none(): RecordBatch {
    return batchOf(this.names.map((name) => [name, utf8Column([])]));
  }

  /**
   * Bytes that are not UTF-8 were read as U+FFFD: a damaged caption must not end a run of millions of rows, but it is
   * said.
   */
  #checkText(column: string, bytes: Uint8Array): void {
    if (this.#hasWarned || !Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes('\ufffd')) return;
    this.#hasWarned = true;
    const near = `near row ${this.#taken} (column ${column})`;
    this.#input.warn(
      `${this.#input.name}: bytes that are not UTF-8 were replaced by U+FFFD ${near}; save the file as UTF-8 ` +
        'if it is in another encoding',
    );
  }
}

/** Longer than any URL that a server takes: beyond, the input has no lines. */
const MAX_LINE_CHARS = 1024 * 1024;

/**
 * A plain list: one URL per line in a column `url`; blank lines, white space around URLs, CR and a byte order mark are
 * ignored.
 */
export async function* lineRows(input: TextInput): AsyncGenerator<RecordBatch, void> {
  const rows = new TextRows(['url'], input);
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let isFirst = true;
  try {
    for await (const chunk of input.chunks) {
      rest += decoder.write(chunk);
      if (isFirst) rest = rest.replace(/^\ufeff/, '');
      isFirst = false;
      const lines = rest.split(/\r\n|\n|\r/);
      rest = lines.pop() ?? '';
      if (rest.length > MAX_LINE_CHARS)
        throw new FlowDcError(
          'FDC_ERR_MANIFEST_CORRUPT',
          `${input.name} has a line of over 1 MiB: expected one URL per line`,
        );
      for (const line of lines) if (line.trim() !== '') rows.add([line.trim()]);
      if (rows.length >= BATCH_ROWS || (input.isLive && rows.length > 0)) yield* rows.take();
    }
  } catch (error) {
    yield* rows.take();
    throw error;
  }
  rest += decoder.end();
  if (rest.trim() !== '') rows.add([rest.trim()]);
  yield* rows.take();
}
