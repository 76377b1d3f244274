/**
 * Parts of a file that is far away, kept for a while: of a row group, the reader asks for the same bytes once per
 * stretch of rows, and for small ones beside each other.
 */
import { copyOf, type Parts } from './parquet-parts.ts';

/** Less is not asked for at a time: a round trip takes as long as some hundred kilobytes. Chosen. */
export const LEAST_BYTES = 256 * 1024;
/** Kept at least, whatever the file is like. */
const KEPT_BYTES = 32 * 1024 * 1024;

interface Range {
  readonly start: number;
  readonly end: number;
  readonly bytes: Promise<Uint8Array>;
}

export class RangeCache implements Parts {
  readonly size: number;
  readonly #ask: (start: number, end: number) => Promise<Uint8Array>;
  /** The one asked for last at the end. */
  #ranges: Range[] = [];
  #keptBytes = KEPT_BYTES;

  constructor(size: number, ask: (start: number, end: number) => Promise<Uint8Array>) {
    this.size = size;
    this.#ask = ask;
  }

  /** A row group is to fit in, and what is small beside it. */
  keep(bytes: number): void {
    this.#keptBytes = KEPT_BYTES + bytes;
  }

  slice(start = 0, end = this.size): { arrayBuffer(): Promise<ArrayBuffer> } {
    return { arrayBuffer: () => this.#read(Math.min(start, this.size), Math.min(end, this.size)) };
  }

  async #read(start: number, end: number): Promise<ArrayBuffer> {
    if (start >= end) return new ArrayBuffer(0);
    const range = this.#ranges.find((known) => known.start <= start && known.end >= end) ?? this.#fetch(start, end);
    const bytes = await range.bytes;
    return copyOf(bytes.subarray(start - range.start, end - range.start));
  }

  #fetch(start: number, end: number): Range {
    // At the end of a file more of what stands before is wanted next, elsewhere what follows.
    const isTail = end === this.size;
    const from = isTail ? Math.max(0, Math.min(start, end - LEAST_BYTES)) : start;
    const to = Math.min(this.size, Math.max(end, from + LEAST_BYTES));
    const range = { start: from, end: to, bytes: this.#ask(from, to) };
    this.#ranges.push(range);
    range.bytes.catch(() => {
      this.#ranges = this.#ranges.filter((known) => known !== range);
    });
    let kept = this.#ranges.reduce((sum, known) => sum + known.end - known.start, 0);
    while (kept > this.#keptBytes && this.#ranges.length > 1) {
      const oldest = this.#ranges.shift() as Range;
      kept -= oldest.end - oldest.start;
    }
    return range;
  }
}
