/** Which of the rows 0 .. size-1 were seen: one bit each, so a billion rows take 125 MB. */
export class RowBitmap {
  readonly #bits: Uint8Array;
  readonly size: number;

  constructor(size: number) {
    this.size = size;
    this.#bits = new Uint8Array(Math.ceil(size / 8));
  }

  /** @returns false when the row was seen before; rows outside the range throw RangeError */
  add(row: number): boolean {
    if (!Number.isInteger(row) || row < 0 || row >= this.size)
      throw new RangeError(`row ${row} is not within 0..${this.size - 1}`);
    const at = Math.floor(row / 8);
    const bit = 1 << (row % 8);
    const byte = this.#bits[at] as number;
    this.#bits[at] = byte | bit;
    return (byte & bit) === 0;
  }

  /** Ranges of rows that were not seen, [from, to). */
  *gaps(): Generator<readonly [from: number, to: number]> {
    let from = -1;
    for (let row = 0; row < this.size; row += 1) {
      const byte = this.#bits[Math.floor(row / 8)] as number;
      if (byte === 0xff && from < 0 && row % 8 === 0) {
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
    if (from >= 0) yield [from, this.size];
  }
}
