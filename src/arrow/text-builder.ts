/** A column of text that cells are appended to, as bytes of a file or as strings. */
import { type Data, makeData, Utf8 } from 'apache-arrow';
import { copyBytes, viewOf } from './copy-bytes.ts';

const FIRST_BYTES = 4096;
const GROWTH = 1.25;
/** Strings up to this length are written letter by letter: a call into Node costs more. */
const SHORT_CHARS = 64;

/**
 * Where cells are in a block of bytes: pairs of start and end, the same where there is none. A negative start, of which
 * `~` is the position, marks a cell that is to be unescaped.
 */
export type CellBounds = Int32Array;

/** Writes what a cell's bytes stand for, which are no more than there are; returns where that ends. */
export type Unescaped = (block: DataView, from: number, to: number, target: DataView, at: number) => number;

/** Cells within a block of bytes. */
export interface BlockCells {
  readonly view: DataView;
  readonly bounds: CellBounds;
  readonly unescaped: Unescaped;
}

/** A column of text under construction, of at most so many rows; cells without bytes are null, but for one that is unescaped. */
export class TextBuilder {
  #bytes: Uint8Array = new Uint8Array(FIRST_BYTES);
  #view = viewOf(this.#bytes);
  readonly #offsets: Int32Array;
  readonly #validity: Uint8Array;
  #nulls = 0;
  rows = 0;

  constructor(maxRows: number) {
    this.#offsets = new Int32Array(maxRows + 1);
    this.#validity = new Uint8Array((maxRows + 7) >> 3).fill(0xff);
  }

  /** Append `count` cells, whose bytes are valid UTF-8; their bounds are `step` apart from `first` on. */
  appendCells({ view, bounds, unescaped }: BlockCells, first: number, step: number, count: number): void {
    let at = this.#reserveFor(bounds, first, step, count);
    const offsets = this.#offsets;
    const target = this.#view;
    const until = this.rows + count;
    for (let row = this.rows, i = first; row < until; row++, i += step) {
      const start = bounds[i] as number;
      const end = bounds[i + 1] as number;
      if (start === end) this.#setNull(row);
      else if (start < 0) at = unescaped(view, ~start, end, target, at);
      else {
        copyBytes(view, start, target, at, end - start);
        at += end - start;
      }
      offsets[row + 1] = at;
    }
    this.rows = until;
  }

  append(text: string | null | undefined): void {
    const at = this.#offsets[this.rows] as number;
    if (text === null || text === undefined) this.#setNull(this.rows);
    this.#offsets[this.rows + 1] = text ? at + this.#write(text, at) : at;
    this.rows++;
  }

  /** The column so far; the next one begins. */
  finish(): Data<Utf8> {
    const { rows } = this;
    const bytes = this.#offsets[rows] as number;
    const bits = this.#validity.slice(0, (rows + 7) >> 3);
    // None beyond the last row.
    if (rows % 8 > 0) bits[rows >> 3] = (bits[rows >> 3] as number) & ((1 << (rows % 8)) - 1);
    // What is about full goes along; what is not would take up more than it holds.
    const isFull = bytes * 4 > this.#bytes.length * 3;
    const column = makeData({
      type: new Utf8(),
      length: rows,
      nullCount: this.#nulls,
      nullBitmap: this.#nulls === 0 ? undefined : bits,
      valueOffsets: this.#offsets.slice(0, rows + 1),
      data: isFull ? this.#bytes.subarray(0, bytes) : this.#bytes.slice(0, bytes),
    });
    if (isFull) {
      this.#bytes = new Uint8Array(bytes);
      this.#view = viewOf(this.#bytes);
    }
    this.#validity.fill(0xff);
    this.#nulls = 0;
    this.rows = 0;
    return column;
  }

  #setNull(row: number): void {
    this.#validity[row >> 3] = (this.#validity[row >> 3] as number) & ~(1 << (row & 7));
    this.#nulls++;
  }

  /** Returns where the first of them goes. */
  #reserveFor(bounds: CellBounds, first: number, step: number, count: number): number {
    let bytes = 0;
    for (let n = 0, i = first; n < count; n++, i += step) {
      const start = bounds[i] as number;
      bytes += (bounds[i + 1] as number) - (start < 0 ? ~start : start);
    }
    const at = this.#offsets[this.rows] as number;
    this.#reserve(at + bytes);
    return at;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#bytes.length) return;
    if (bytes > 0x7fffffff)
      throw new RangeError(
        `expected at most 2 GiB of text in one column of a batch, got more within ${this.rows + 1} rows`,
      );
    const grown = new Uint8Array(Math.max(bytes, Math.ceil(this.#bytes.length * GROWTH)));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = viewOf(grown);
  }

  /** Returns how many bytes it took. */
  #write(text: string, at: number): number {
    // UTF-8 has at most three bytes for a UTF-16 code unit.
    this.#reserve(at + (text.length <= SHORT_CHARS ? text.length * 3 : Buffer.byteLength(text)));
    const bytes = this.#bytes;
    if (text.length <= SHORT_CHARS) {
      let i = 0;
      for (; i < text.length; i++) {
        const code = text.charCodeAt(i);
        if (code > 0x7f) break;
        bytes[at + i] = code;
      }
      if (i === text.length) return i;
    }
    return Buffer.from(bytes.buffer).write(text, at);
  }
}
