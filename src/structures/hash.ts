/** The one hash of the tables here: 32 bits of bytes, or 64 of a text. In memory only, never on disk. */
import { viewOf } from '../arrow/copy-bytes.ts';

/** What makes two lanes differ: over the same words they collide independently of each other. */
interface Lane {
  readonly seed: number;
  readonly first: number;
  readonly second: number;
  readonly added: number;
}

/** The constants of MurmurHash3_x86_32, and those of a lane of its 128-bit form. Austin Appleby, public domain. */
const LOW: Lane = { seed: 0, first: 0xcc9e2d51, second: 0x1b873593, added: 0xe6546b64 };
const HIGH: Lane = { seed: 0x9747b28c, first: 0x239b961b, second: 0xab0e9789, added: 0x561ccd1b };

/** 32 bits, of which any part is as good as another, of bytes [from, to). They depend on the bytes alone. */
export function byteHash(bytes: DataView, from: number, to: number): number {
  return lane(bytes, from, to, LOW);
}

/**
 * 64 bits of hash per text, as two 32-bit halves that stay in the object until the next text: millions of texts are
 * hashed per second and none leaves garbage. Two texts of a million differ in hash but for a chance of 1 in 37 million.
 */
export class TextHash {
  low = 0;
  high = 0;
  #scratch = Buffer.alloc(1024);
  #view = viewOf(this.#scratch);

  /** Hash a text; read `low` and `high` afterwards. */
  of(text: string): this {
    // UTF-8 has at most three bytes for a UTF-16 code unit.
    if (text.length * 3 > this.#scratch.length) {
      this.#scratch = Buffer.alloc(text.length * 6);
      this.#view = viewOf(this.#scratch);
    }
    const length = this.#scratch.write(text);
    this.low = lane(this.#view, 0, length, LOW);
    this.high = lane(this.#view, 0, length, HIGH);
    return this;
  }
}

/** MurmurHash3, a word at a time, but the last word overlaps the one before it. */
function lane(bytes: DataView, from: number, to: number, { seed, first, second, added }: Lane): number {
  let hash = seed ^ (to - from);
  const last = to - 4;
  for (let at = from; at < last; at += 4) hash = folded(hash, bytes.getInt32(at, true), first, second, added);
  return finished(
    folded(hash, last < from ? shortWord(bytes, from, to) : bytes.getInt32(last, true), first, second, added),
  );
}

function shortWord(bytes: DataView, from: number, to: number): number {
  let word = 0;
  for (let at = from; at < to; at++) word = (word << 8) | bytes.getUint8(at);
  return word;
}

function folded(hash: number, word: number, first: number, second: number, added: number): number {
  const mixed = Math.imul(word, first);
  const bits = hash ^ Math.imul((mixed << 15) | (mixed >>> 17), second);
  return (Math.imul((bits << 13) | (bits >>> 19), 5) + added) | 0;
}

function finished(hash: number): number {
  let bits = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
