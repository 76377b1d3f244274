/** Records of csv or tsv that csv-parse reads: the header, and whatever else is not plainly well-formed. */
import { Parser } from 'csv-parse';
import type { Dialect } from './record-scanner.ts';

/** The parser holds a few bytes back, to look ahead: what it has not used is among so many last ones. */
const MOST_HELD_BYTES = 16;

/** What is known of a file once its header was read. */
export interface Known {
  readonly dialect: Dialect;
  readonly columns: number;
}

export interface OddRecordsOptions extends Pick<Dialect, 'delimiter' | 'looseQuotes'> {
  /** Undefined for a parser that begins with the file. */
  readonly known: Known | undefined;
  /** Of the first byte. */
  readonly line: number;
  /** Stop behind the first record. */
  readonly justOne: boolean;
  /** Longest record: an unclosed quote would otherwise swallow the rest of a file of any size. */
  readonly maxRecordBytes: number;
}

/**
 * csv-parse, from the beginning of a file or of a record within it. Records go to a function and not to the readable
 * side: what was parsed before an error is then not lost in a stream's buffer. csv-parse's own `on_record` does the
 * same at twice the cost.
 */
export class OddRecords extends Parser {
  readonly #onCells: (cells: string[]) => void;
  /** A header, made up where the file's was read before: it says how many cells a record has. */
  #madeUp: Buffer | undefined;
  #given = 0;
  /** Bytes up to the end of the last record. */
  #used = 0;
  #last = Buffer.alloc(0);
  /** Records that were handed on. */
  found = 0;

  constructor(
    { delimiter, looseQuotes, known, line, justOne, maxRecordBytes }: OddRecordsOptions,
    onCells: (cells: string[]) => void,
  ) {
    const lineEnd = known?.dialect.lineEnd;
    super({
      delimiter,
      record_delimiter: lineEnd ?? [],
      bom: known === undefined,
      skip_empty_lines: true,
      relax_quotes: looseQuotes,
      max_record_size: maxRecordBytes,
      to: justOne ? (known === undefined ? 1 : 2) : -1,
    });
    this.#onCells = onCells;
    this.#madeUp = known && Buffer.from(`x${delimiter.repeat(known.columns - 1)}${lineEnd}`);
    Object.assign(this.info, { lines: known === undefined ? line : line - 1 });
    this.resume();
  }

  /** What was given and belongs to no record yet. */
  get rest(): Buffer {
    return this.#last.subarray(this.#last.length - (this.#given - this.#used));
  }

  /** The line on which the rest begins, when a record was found. */
  get line(): number {
    return this.info.lines + 1;
  }

  override push(cells: string[] | null): boolean {
    if (cells === null) return super.push(null);
    this.#used = this.info.bytes;
    if (this.#madeUp !== undefined) this.#madeUp = undefined;
    else {
      this.found++;
      this.#onCells(cells);
    }
    return true;
  }

  /** Give it more of the file. Resolves with what is wrong with it, if something is. */
  give(chunk: Buffer): Promise<unknown> {
    const bytes = this.#given === 0 && this.#madeUp !== undefined ? Buffer.concat([this.#madeUp, chunk]) : chunk;
    this.#given += bytes.length;
    this.#last = Buffer.concat([this.#last.subarray(-MOST_HELD_BYTES), bytes]);
    return new Promise((resolve) => {
      this.once('error', resolve);
      this.write(bytes, (error) => {
        this.off('error', resolve);
        // A failed write reports twice, the second time as an event.
        if (error) this.once('error', () => {});
        resolve(error ?? undefined);
      });
    });
  }

  /** There is no more. Resolves as `give`. */
  finish(): Promise<unknown> {
    return new Promise((resolve) => {
      this.once('error', resolve);
      this.once('end', () => resolve(undefined));
      this.end();
    });
  }
}
