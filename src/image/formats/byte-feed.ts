/** Bytes as they arrive, read from front to back, each once, with a count of what was done with them. */

/** Steps that a body of no bytes may take, and how many more each byte allows. A format that needs more is at fault. */
export const [FIXED_STEPS, STEPS_PER_BYTE] = [64, 4];

/** A reader may wait for so many bytes at a time, at most: as many are copied where two chunks meet. */
const MOST_AWAITED = 64;

/**
 * A step is a wait, a move or a search, each a bounded piece of work beside the bytes that it passes. What is done is
 * thereby linear in what came, whatever the bytes say: there is no way back, and no step without its count.
 */
export class ByteFeed {
  steps = 0;
  /** Bytes that came. */
  total = 0;
  #chunk: Buffer = EMPTY;
  /** Where in the chunk the next byte is; behind its end while bytes are passed that are still to come. */
  #at = 0;
  #chunkStart = 0;
  #awaited = 0;

  /** @returns whether there is something to do: all that is waited for is here */
  push(chunk: Buffer): boolean {
    this.total += chunk.length;
    const left = this.#chunk.length - this.#at;
    if (left <= 0) {
      this.#chunkStart += this.#chunk.length;
      this.#at = -left;
      this.#chunk = chunk;
    } else {
      this.#chunkStart += this.#at;
      this.#chunk = Buffer.concat([this.#chunk.subarray(this.#at), chunk]);
      this.#at = 0;
    }
    return this.#has(this.#awaited);
  }

  /** Of the next byte, counted from the first that came. */
  get position(): number {
    return this.#chunkStart + this.#at;
  }

  /** Until `bytes` can be read; for ever when they do not come. Errors: RangeError above 64 of them. */
  *wait(bytes: number): Generator<void, void, void> {
    if (bytes > MOST_AWAITED) throw new RangeError(`at most ${MOST_AWAITED} bytes can be waited for, got ${bytes}`);
    this.#step();
    this.#awaited = bytes;
    while (!this.#has(bytes)) yield;
  }

  /** The same without a generator, for where many are read: false means `wait`. */
  has(bytes: number): boolean {
    this.#step();
    return this.#has(bytes);
  }

  /** Pass bytes, also such as are still to come. */
  skip(bytes: number): void {
    this.#step();
    this.#at += bytes;
  }

  /** Pass what is before `position`; nothing when that is behind. */
  skipTo(position: number): void {
    this.skip(Math.max(0, position - this.position));
  }

  /** Take up to `most` of the bytes that are here. */
  take(most: number): Buffer {
    this.#step();
    const taken = this.#chunk.subarray(this.#at, this.#at + most);
    this.#at += taken.length;
    return taken;
  }

  /** Pass everything before the next such byte. @returns false when there is none among the bytes that are here */
  seek(byte: number): boolean {
    this.#step();
    if (this.#at >= this.#chunk.length) return false;
    const found = this.#chunk.indexOf(byte, this.#at);
    this.#at = found < 0 ? this.#chunk.length : found;
    return found >= 0;
  }

  u8(ahead: number): number {
    return this.#chunk[this.#at + ahead] as number;
  }

  u16(ahead: number, isLittle = false): number {
    const at = this.#at + ahead;
    return isLittle ? this.#chunk.readUInt16LE(at) : this.#chunk.readUInt16BE(at);
  }

  u32(ahead: number, isLittle = false): number {
    const at = this.#at + ahead;
    return isLittle ? this.#chunk.readUInt32LE(at) : this.#chunk.readUInt32BE(at);
  }

  /** Above 2^53 not exact, and then behind the end of everything. */
  u64(ahead: number, isLittle = false): number {
    const [first, second] = [this.u32(ahead, isLittle), this.u32(ahead + 4, isLittle)];
    return isLittle ? second * 2 ** 32 + first : first * 2 ** 32 + second;
  }

  text(ahead: number, bytes: number): string {
    const at = this.#at + ahead;
    return this.#chunk.toString('latin1', at, at + bytes);
  }

  #has(bytes: number): boolean {
    return this.#at + bytes <= this.#chunk.length;
  }

  #step(): void {
    this.steps += 1;
    if (this.steps > FIXED_STEPS + STEPS_PER_BYTE * this.total) throw new TooManySteps();
  }
}

/** Bytes made a reader do more than is allowed. */
export class TooManySteps extends Error {
  override readonly name = 'TooManySteps';
}

const EMPTY = Buffer.alloc(0);
