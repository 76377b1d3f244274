/** Finds the cells of well-formed csv and tsv, and the first record that is not. */
import type { Unescaped } from '../../arrow/text-builder.ts';
import { everyByte, lowestByte, zeroBytes } from './byte-words.ts';
import type { Dialect } from './dialect.ts';
import { meantBy } from './escaped-record.ts';
import { type Lines, linesAreRecords } from './record-lines.ts';

/** Cells, of all columns, that are found at most before they have to be used. */
const MAX_CELLS = 65_536;
/** Longer records are left to whoever can hold them piece by piece, and knows how long one may be. */
const LONG_RECORD_BYTES = 1024 * 1024;

const [LF, CR, SPACE, HASH, BACKSLASH, CAPITAL_N] = [0x0a, 0x0d, 0x20, 0x23, 0x5c, 0x4e];
/** The first byte of a byte order mark. */
const MARK = 0xef;

/** Where in a cell the scan is: in the open, between quotes, or right behind the closing quote. */
const [PLAIN, QUOTED, CLOSED] = [0, 1, 2];

/**
 * Finds the records of a block that are whole and well-formed: as many cells as there are columns, quotes around whole
 * cells and escaped within them. Stops at the first that is not, at one whose lines may be records of their own (see
 * loose-record.ts), and at one that may go on behind the block. Looks at four bytes at a time, and only at those that
 * mean something one by one.
 */
export class RecordScanner {
  readonly #columns: number;
  readonly #dialect: Dialect;
  readonly #maxRecords: number;
  readonly #maxRecordBytes: number;
  /** Of the records found, cell after cell; see CellBounds. */
  readonly bounds: Int32Array;
  records = 0;
  /** Where the first record begins that was not found; there may be more behind it when `isFull`. */
  end = 0;
  /** The line on which that is. */
  line = 1;
  /** That record is not well-formed. */
  isOdd = false;
  readonly #header: Buffer;

  /** @param header - its line: a record that begins so is the header again; none for a file without */
  constructor(columns: number, dialect: Dialect, maxRecordBytes: number, header: Buffer = Buffer.alloc(0)) {
    this.#header = header;
    this.#columns = columns;
    this.#dialect = dialect;
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
    const { lineEnd, spaces, comments, bareEscapes = false } = this.#dialect;
    const lineByte = lineEnd === '\n' ? LF : CR;
    const isPaired = lineEnd === '\n';
    const columns = this.#columns;
    const bounds = this.bounds;
    const breaks = everyByte(lineByte);
    // Of one column rows have as many cells as two of them with a line end of the other kind between them.
    const otherByte = lineByte === LF ? CR : LF;
    const hasOthers = columns === 1 && block.includes(otherByte, from);
    // What there is none of is not looked for.
    const delimiter = byteIn(block, from, this.#dialect.delimiter);
    const delimiters = delimiter < 0 ? breaks : everyByte(delimiter);
    const quote = byteIn(block, from, this.#dialect.quote);
    const quotes = quote < 0 ? breaks : everyByte(quote);
    const isEscapedAll = this.#dialect.escapes === 'all';
    const hasSlashes = isEscapedAll || (quote >= 0 && this.#dialect.escapes === 'backslash');
    const slash = hasSlashes ? byteIn(block, from, '\\') : -1;
    const slashes = slash < 0 ? breaks : everyByte(slash);
    let [state, isEscaped, hasBreaks] = [PLAIN, false, false];
    let [column, cellStart, cells, line, skipped, closedAt] = [0, from, 0, this.line, from, 0];
    this.records = 0;
    this.end = from;
    this.isOdd = from < to && this.#isSpecial(view, from, comments);
    if (this.isOdd) return;
    for (let at = from; at < to; at += 4) {
      const word = view.getInt32(at, true);
      let found =
        zeroBytes(word ^ delimiters) | zeroBytes(word ^ breaks) | zeroBytes(word ^ quotes) | zeroBytes(word ^ slashes);
      for (; found !== 0; found &= found - 1) {
        const here = at + lowestByte(found);
        if (here >= to) break;
        if (here < skipped) continue;
        const byte = view.getUint8(here);
        if (state === QUOTED) {
          if (byte === lineByte) {
            line++;
            hasBreaks = true;
          } else if (byte === slash) {
            isEscaped = true;
            skipped = here + 2;
            if (view.getUint8(here + 1) === lineByte) return this.#odd();
          } else if (byte === quote) {
            const next = view.getUint8(here + 1);
            if (next === quote) {
              isEscaped = true;
              skipped = here + 2;
            } else if (next === this.#dialect.delimiter.charCodeAt(0) || isLineEnd(view, here + 1, to, lineByte)) {
              state = CLOSED;
              closedAt = here;
            } else return this.#odd();
          }
          continue;
        }
        if (byte === slash) {
          const next = view.getUint8(here + 1);
          if (!isEscapedAll && !(bareEscapes && (next === quote || next === BACKSLASH))) continue;
          if (next === lineByte) line++;
          isEscaped = true;
          skipped = here + 2;
          continue;
        }
        if (byte === quote) {
          if (spaces && here > cellStart && isBlank(view, cellStart, here)) cellStart = here;
          if (here === cellStart) state = QUOTED;
          continue;
        }
        const isEnd = byte === lineByte;
        // Of what looks like one of the bytes that are looked for, some are others.
        if (byte !== delimiter && !isEnd) continue;
        let cellEnd = state === CLOSED ? closedAt : here;
        if (isEnd && state !== CLOSED && isPaired)
          while (cellEnd > cellStart && view.getUint8(cellEnd - 1) === CR) cellEnd--;
        if (isEnd) skipped = !isPaired && view.getUint8(here + 1) === LF ? here + 2 : here + 1;
        if (isEnd && column === 0 && cellEnd === cellStart) {
          // An empty line is no record.
          line++;
        } else {
          if (column === columns) return this.#odd();
          const start = state === CLOSED ? cellStart + 1 : cellStart;
          const isNull = cellEnd - start === 2 && state !== CLOSED && isNullCell(view, start);
          bounds[cells] = isNull ? cellEnd : isEscaped ? ~start : start;
          bounds[cells + 1] = cellEnd;
          cells += 2;
          column++;
          state = PLAIN;
          isEscaped = false;
          if (!isEnd) {
            cellStart = here + 1;
            continue;
          }
          if (column < columns || here - this.end > this.#maxRecordBytes) return this.#odd();
          if (hasOthers && block[cellStart] !== quote && block.subarray(cellStart, cellEnd).includes(otherByte))
            return this.#odd();
          if (hasBreaks && isLiteral(linesAreRecords(block, this.end, here + 1, this.#dialect, columns)))
            return this.#odd();
          column = 0;
          hasBreaks = false;
          line++;
          this.records++;
        }
        cellStart = skipped;
        this.end = skipped;
        this.line = line;
        if (this.isFull) return;
        if (this.#isSpecial(view, skipped, comments)) return this.#odd();
      }
    }
    if (to - this.end > this.#maxRecordBytes) this.#odd();
  }

  /** Whether a record that begins so has to be looked at by itself. */
  #isSpecial(view: DataView, at: number, comments: boolean): boolean {
    const first = view.getUint8(at);
    return first === MARK || (first === this.#header[0] && this.#isHeader(view, at)) || (comments && first === HASH);
  }

  /** As far as there is of it. */
  #isHeader(view: DataView, at: number): boolean {
    const header = this.#header;
    const end = Math.min(header.length, view.byteLength - at);
    for (let i = 1; i < end; i++) if (view.getUint8(at + i) !== header[i]) return false;
    return true;
  }

  #odd(): void {
    this.isOdd = true;
  }
}

/** -1 for a letter that is not in the block. */
function byteIn(block: Buffer, from: number, letter: string): number {
  const byte = letter === '' ? -1 : letter.charCodeAt(0);
  return byte >= 0 && block.includes(byte, from) ? byte : -1;
}

function isLineEnd(view: DataView, from: number, to: number, lineByte: number): boolean {
  let at = from;
  if (lineByte === LF) while (at < to && view.getUint8(at) === CR) at++;
  return view.getUint8(at) === lineByte;
}

/** The lines of a record are rows, each of them. */
function isLiteral({ isAll, haveUrls }: Lines): boolean {
  return isAll && haveUrls;
}

/** `\N`, which databases write for nothing. */
function isNullCell(view: DataView, at: number): boolean {
  return view.getUint8(at) === BACKSLASH && view.getUint8(at + 1) === CAPITAL_N;
}

function isBlank(view: DataView, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (view.getUint8(at) !== SPACE) return false;
  return true;
}

/** What makes a cell's value of what is between its quotes. */
export function unescapedOf({ quote, escapes }: Dialect): Unescaped {
  const quoteByte = quote.charCodeAt(0);
  const isSlashed = escapes === 'backslash';
  if (escapes === 'all') return unescapedAll;
  return (block, from, to, target, at) => {
    let end = at;
    for (let i = from; i < to; i++) {
      const byte = block.getUint8(i);
      const isPaired = i + 1 < to && (byte === quoteByte || (isSlashed && byte === BACKSLASH));
      const next = isPaired ? block.getUint8(i + 1) : -1;
      if (next === quoteByte || (next === BACKSLASH && byte === BACKSLASH)) {
        target.setUint8(end++, next);
        i++;
      } else target.setUint8(end++, byte);
    }
    return end;
  };
}

function unescapedAll(block: DataView, from: number, to: number, target: DataView, at: number): number {
  let end = at;
  for (let i = from; i < to; i++) {
    const byte = block.getUint8(i);
    target.setUint8(end++, byte === BACKSLASH && i + 1 < to ? meantBy(block.getUint8(++i)) : byte);
  }
  return end;
}
