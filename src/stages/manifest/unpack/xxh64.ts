/** The checksum of zstd frames, XXH64 with seed 0, of which they keep the lower 32 bits. Pure. */

/** Upper and lower half of each prime. */
const [P1H, P1L] = [0x9e3779b1, 0x85ebca87];
const [P2H, P2L] = [0xc2b2ae3d, 0x27d4eb4f];
const [P3H, P3L] = [0x165667b1, 0x9e3779f9];
const [P4H, P4L] = [0x85ebca77, 0xc2b2ae63];
const [P5H, P5L] = [0x27d4eb2f, 0x165667c5];
const STRIPE = 32;

/** 64 bits that are changed in place: no object is made per byte. */
class Word {
  high: number;
  low: number;

  constructor(high: number, low: number) {
    this.high = high | 0;
    this.low = low | 0;
  }

  add(high: number, low: number): this {
    const sum = (this.low >>> 0) + (low >>> 0);
    this.high = (this.high + high + (sum > 0xffffffff ? 1 : 0)) | 0;
    this.low = sum | 0;
    return this;
  }

  xor(high: number, low: number): this {
    this.high ^= high;
    this.low ^= low;
    return this;
  }

  times(high: number, low: number): this {
    const [a0, a1, b0, b1] = [this.low & 0xffff, this.low >>> 16, low & 0xffff, low >>> 16];
    const low0 = a0 * b0;
    const middle = a1 * b0 + (low0 >>> 16);
    const other = a0 * b1 + (middle & 0xffff);
    const carried = a1 * b1 + Math.floor(middle / 0x10000) + Math.floor(other / 0x10000);
    this.high = (Math.imul(this.high, low) + Math.imul(this.low, high) + carried) | 0;
    this.low = (other << 16) | (low0 & 0xffff);
    return this;
  }

  /** To the left, by 1 to 31. */
  turn(bits: number): this {
    const { high, low } = this;
    this.high = (high << bits) | (low >>> (32 - bits));
    this.low = (low << bits) | (high >>> (32 - bits));
    return this;
  }

  /** To the right, zeros behind. */
  fold(bits: number): this {
    const { high, low } = this;
    if (bits === 32) return this.xor(0, high);
    return bits > 32
      ? this.xor(0, high >>> (bits - 32))
      : this.xor(high >>> bits, (low >>> bits) | (high << (32 - bits)));
  }
}

export class Xxh64 {
  readonly #lanes = [
    new Word(P1H, P1L).add(P2H, P2L),
    new Word(P2H, P2L),
    new Word(0, 0),
    new Word(~P1H, ~P1L).add(0, 1),
  ] as const;
  #rest = Buffer.alloc(0);
  #bytes = 0;

  update(chunk: Buffer): void {
    this.#bytes += chunk.length;
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const end = bytes.length - (bytes.length % STRIPE);
    for (let at = 0; at < end; at += STRIPE)
      for (let lane = 0; lane < 4; lane++) round(this.#lanes[lane] as Word, bytes, at + lane * 8);
    this.#rest = Buffer.from(bytes.subarray(end));
  }

  /** The lower half. */
  digest(): number {
    const sum = this.#bytes < STRIPE ? new Word(P5H, P5L) : this.#merged();
    sum.add(Math.floor(this.#bytes / 2 ** 32), this.#bytes % 2 ** 32);
    const rest = this.#rest;
    let at = 0;
    for (; at + 8 <= rest.length; at += 8) {
      const word = round(new Word(0, 0), rest, at);
      sum.xor(word.high, word.low).turn(27).times(P1H, P1L).add(P4H, P4L);
    }
    if (at + 4 <= rest.length) {
      const word = new Word(0, rest.readUInt32LE(at)).times(P1H, P1L);
      sum.xor(word.high, word.low).turn(23).times(P2H, P2L).add(P3H, P3L);
      at += 4;
    }
    for (; at < rest.length; at++) {
      const word = new Word(0, rest[at] as number).times(P5H, P5L);
      sum.xor(word.high, word.low).turn(11).times(P1H, P1L);
    }
    sum.fold(33).times(P2H, P2L).fold(29).times(P3H, P3L).fold(32);
    return sum.low >>> 0;
  }

  #merged(): Word {
    const sum = new Word(0, 0);
    for (const [lane, bits] of [1, 7, 12, 18].entries()) {
      const { high, low } = this.#lanes[lane] as Word;
      const turned = new Word(high, low).turn(bits);
      sum.add(turned.high, turned.low);
    }
    for (const { high, low } of this.#lanes) {
      const word = new Word(high, low).times(P2H, P2L).turn(31).times(P1H, P1L);
      sum.xor(word.high, word.low).times(P1H, P1L).add(P4H, P4L);
    }
    return sum;
  }
}

function round(word: Word, bytes: Buffer, at: number): Word {
  const input = new Word(bytes.readInt32LE(at + 4), bytes.readInt32LE(at)).times(P2H, P2L);
  return word.add(input.high, input.low).turn(31).times(P1H, P1L);
}
