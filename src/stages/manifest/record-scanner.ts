/** Finds the cells of well-formed csv and tsv, and the first record that is not. */

import { everyByte, lowestByte, zeroBytes } from './byte-words.ts';

/** How the cells and records of a file are told apart. */
export interface Dialect {
  /** An ASCII letter. */
  readonly delimiter: string;
  /** What ends a record: the first line break of the file, and no other. */
  readonly lineEnd: '\n' | '\r' | '\r\n';
  /** Quotes inside of a cell that does not begin with one are part of it. */
  readonly looseQuotes: boolean;
}

/** Cells, of all columns, that are found at most before they have to be used. */
const MAX_CELLS = 65_536;
/** Longer records are left to whoever can hold them piece by piece, and knows how long one may be. */
const LONG_RECORD_BYTES = 1024 * 1024;

const [QUOTE, LF, CR] = [0x22, 0x0a, 0x0d];

/** Where in a cell the scan is: in the open, between quotes, or right behind the closing quote. */
const [PLAIN, QUOTED, CLOSED] = [0, 1, 2];

/**
 * Finds the records of a block that are whole and well-formed: as many cells as there are columns, quotes around whole
 * cells and doubled within them, and line ends of one kind. Stops at the first that is not, and at one that may go on
 * behind the block. Looks at four bytes at a time, and only at those that mean something one by one.
 */
export class RecordScanner {
  readonly #columns: number;
  readonly #delimiter: number;
  readonly #dialect: Dialect;
  readonly #maxRecords: number;
  readonly #maxRecordBytes: number;
  /** Of the records found, cell after cell; see CellBounds. */
  readonly bounds: Int32Array;
  records = 0;
  /** Where the first record begins that was not found; there may be more behind it when `isFull`. */
  end = 0;
  /** The line on which that is, as csv-parse counts: of CR LF within a cell each is one. */
  line = 1;
  /** That record is not well-formed. */
  isOdd = false;

  constructor(columns: number, dialect: Dialect, maxRecordBytes: number) {
    this.#columns = columns;
    this.#dialect = dialect;
    this.#delimiter = dialect.delimiter.charCodeAt(0);
    this.#maxRecordBytes = Math.min(LONG_RECORD_BYTES, maxRecordBytes);
    this.#maxRecords = Math.max(1, Math.floor(MAX_CELLS / columns));
    this.bounds = new Int32Array(this.#maxRecords * columns * 2);
  }

  get isFull(): boolean {
    return this.records === this.#maxRecords;
  }

  /**
   * Find records from `from` on. What begins at `to` or later is not looked at; three bytes more have to be there.
   */
  scan(block: Buffer, view: DataView, from: number, to: number): void {
    const { lineEnd, looseQuotes } = this.#dialect;
    const delimiter = this.#delimiter;
    const columns = this.#columns;
    const bounds = this.bounds;
    const hasQuotes = block.includes(QUOTE, from);
    const hasReturns = block.includes(CR, from);
    // What is not there is not looked for.
    const delimiters = everyByte(delimiter);
    const quotes = hasQuotes ? everyByte(QUOTE) : delimiters;
    const returns = hasReturns ? everyByte(CR) : delimiters;
    const breaks = everyByte(LF);
    let [state, isEscaped] = [PLAIN, false];
    let [column, cellStart, cells, line, skipped] = [0, from, 0, this.line, from];
    this.records = 0;
    this.end = from;
    this.isOdd = false;
    for (let at = from; at < to; at += 4) {
      const word = view.getInt32(at, true);
      let found =
        zeroBytes(word ^ delimiters) | zeroBytes(word ^ breaks) | zeroBytes(word ^ quotes) | zeroBytes(word ^ returns);
      for (; found !== 0; found &= found - 1) {
        const here = at + lowestByte(found);
        if (here >= to) break;
        if (here < skipped) continue;
        const byte = view.getUint8(here);
        if (byte === QUOTE) {
          if (state === PLAIN && here === cellStart) state = QUOTED;
          else if (state === PLAIN && !looseQuotes) return this.#odd();
          else if (state === QUOTED) {
            const next = view.getUint8(here + 1);
            if (next === QUOTE) {
              isEscaped = true;
              skipped = here + 2;
            } else if (next !== delimiter && !isLineEnd(view, here + 1, lineEnd)) return this.#odd();
            else state = CLOSED;
          }
          continue;
        }
        const isBreak = byte === LF || byte === CR;
        if (state === QUOTED) {
          if (isBreak) line++;
          continue;
        }
        const isEnd = isBreak && isLineEnd(view, here, lineEnd);
        if (byte !== delimiter && !isEnd) {
          // Of what looks like one of the bytes that are looked for, some are others.
          if (isBreak) line++;
          continue;
        }
        if (isEnd) skipped = here + lineEnd.length;
        if (isEnd && column === 0 && here === cellStart) {
          // An empty line is no record.
          line++;
        } else {
          if (column === columns) return this.#odd();
          const start = state === CLOSED ? cellStart + 1 : cellStart;
          bounds[cells] = isEscaped ? ~start : start;
          bounds[cells + 1] = state === CLOSED ? here - 1 : here;
          cells += 2;
          column++;
          state = PLAIN;
          isEscaped = false;
          if (!isEnd) {
            cellStart = here + 1;
            continue;
          }
          if (column < columns || here - this.end > this.#maxRecordBytes) return this.#odd();
          column = 0;
          line++;
          this.records++;
        }
        cellStart = skipped;
        this.end = skipped;
        this.line = line;
        if (this.isFull) return;
      }
    }
    if (to - this.end > this.#maxRecordBytes) this.#odd();
  }

  #odd(): void {
    this.isOdd = true;
  }
}

function isLineEnd(view: DataView, at: number, lineEnd: Dialect['lineEnd']): boolean {
  const byte = view.getUint8(at);
  if (lineEnd === '\n') return byte === LF;
  return byte === CR && (lineEnd === '\r' || view.getUint8(at + 1) === LF);
}

/** A cell's value from what is between its quotes: of two in a row only one. Returns where it ends. */
export function csvUnescaped(block: DataView, from: number, to: number, target: DataView, at: number): number {
  let end = at;
  for (let i = from; i < to; i++) {
    const byte = block.getUint8(i);
    target.setUint8(end++, byte);
    if (byte === QUOTE) i++;
  }
  return end;
}
