/** Row numbers above this are none: a bit for each of those below takes 1 GB. */
export const MOST_ROWS = 2 ** 33;

/** Which rows were seen, of a manifest whose length need not be known: one bit each, up to the highest row. */
export class RowBitmap {
  #bits = new Uint8Array(64);
  /** One more than the highest row that was seen. */
  #end = 0;
  readonly #limit: number;

  /** @param limit - rows are below it; a bit is kept only up to the highest one that came */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether there can be such a row. */
  covers(row: number): boolean {
    return Number.isInteger(row) && row >= 0 && row < this.#limit;
  }

  /** @returns false when the row was seen before; rows outside the range throw RangeError */
  add(row: number): boolean {
    if (!this.covers(row)) throw new RangeError(`row ${row} is not within 0..${this.#limit - 1}`);
    const at = Math.floor(row / 8);
    if (at >= this.#bits.length) this.#grow(at + 1);
    this.#end = Math.max(this.#end, row + 1);
    const bit = 1 << (row % 8);
    const byte = this.#bits[at] as number;
    this.#bits[at] = byte | bit;
    return (byte & bit) === 0;
  }

  /** Whether the row was seen. */
  has(row: number): boolean {
    return row < this.#end && ((this.#bits[Math.floor(row / 8)] as number) & (1 << (row % 8))) !== 0;
  }

  /** As bytes, from which `fromBytes` makes the same. */
  toBytes(): Uint8Array {
    return this.#bits.slice(0, Math.ceil(this.#end / 8));
  }

  static fromBytes(bytes: Uint8Array, limit: number): RowBitmap {
    const rows = new RowBitmap(limit);
    rows.#bits = Uint8Array.from(bytes);
    const last = bytes.at(-1) ?? 0;
    rows.#end = last === 0 ? bytes.length * 8 : bytes.length * 8 - Math.clz32(last) + 24;
    return rows;
  }

  /** Ranges of rows that were not seen, [from, to), below the highest that was and below `end`. */
  *gaps(end = 0): Generator<readonly [from: number, to: number]> {
    const last = Math.max(this.#end, end);
    let from = -1;
    for (let row = 0; row < last; row += 1) {
      const byte = this.#bits[Math.floor(row / 8)] ?? 0;
      if (byte === (from < 0 ? 0xff : 0) && row % 8 === 0) {
        row += 7;
        continue;
      }
      const seen = (byte & (1 << (row % 8))) !== 0;
      if (!seen && from < 0) from = row;
      else if (seen && from >= 0) {
        yield [from, row];
        from = -1;
      }
    }
    if (from >= 0) yield [from, last];
  }

  #grow(bytes: number): void {
    const larger = new Uint8Array(Math.max(bytes, this.#bits.length * 2));
    larger.set(this.#bits);
    this.#bits = larger;
  }
}
