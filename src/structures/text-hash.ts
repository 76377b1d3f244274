/**
 * 64 bits of hash per text, as two 32-bit halves that stay in the object until the next text: millions of texts are
 * hashed per second and none leaves garbage. Two texts of a million differ in hash but for a chance of 1 in 37 million.
 * Source: MurmurHash3 (Austin Appleby, public domain): its 32-bit body in two lanes with the constants of its 128-bit
 * form, over pairs of UTF-16 code units, and its finaliser over both lanes.
 */
export class TextHash {
  low = 0;
  high = 0;

  /** Hash a text; read `low` and `high` afterwards, both in [0, 2^32). */
  of(text: string): this {
    const { length } = text;
    let a = 0x9747b28c;
    let b = 0x3c6ef372;
    for (let at = 0; at < length; at += 2) {
      // Past the end charCodeAt gives NaN, which counts as 0; the length below tells a trailing NUL from none.
      const word = text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16);
      a ^= Math.imul(rotate(Math.imul(word, 0x239b961b), 15), 0xab0e9789);
      a = Math.imul(rotate(a, 19), 5) + 0x561ccd1b;
      b ^= Math.imul(rotate(Math.imul(word, 0x38b34ae5), 17), 0xa1e38b93);
      b = Math.imul(rotate(b, 13), 5) + 0x0bcaa747;
    }
    a = finish(a ^ length);
    b = finish(b ^ length ^ a);
    this.low = (a + b) >>> 0;
    this.high = b >>> 0;
    return this;
  }
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function finish(word: number): number {
  const first = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
  return second ^ (second >>> 16);
}
