/** Which texts were seen, by 64 bits of their hash. */
import { createHash } from 'node:crypto';

/**
 * Which texts were seen, by 64 bits of their hash: 16 to 32 bytes per text however long it is. Two of a hundred million
 * different texts are taken for the same with a chance of 1 in 1,800.
 */
export class TextSet {
  /** Pairs of 32-bit words; 0, 0 is an empty place. */
  #words = new Uint32Array(2 * 1024);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @returns false when the text was seen before */
  add(text: string): boolean {
    if (this.#size * 4 > this.#words.length) this.#grow();
    const [low, high] = hashOf(text);
    const at = this.#place(low, high);
    if (this.#words[at] !== 0 || this.#words[at + 1] !== 0) return false;
    this.#words[at] = low;
    this.#words[at + 1] = high;
    this.#size += 1;
    return true;
  }

  has(text: string): boolean {
    const at = this.#place(...hashOf(text));
    return this.#words[at] !== 0 || this.#words[at + 1] !== 0;
  }

  /** Where the hash is, or would go. At most half of the places are taken, so there is always an empty one. */
  #place(low: number, high: number): number {
    const words = this.#words;
    let at = (low % (words.length / 2)) * 2;
    while ((words[at] !== 0 || words[at + 1] !== 0) && (words[at] !== low || words[at + 1] !== high))
      at = (at + 2) % words.length;
    return at;
  }

  #grow(): void {
    const old = this.#words;
    this.#words = new Uint32Array(old.length * 2);
    for (let i = 0; i < old.length; i += 2) {
      const [low, high] = [old[i] as number, old[i + 1] as number];
      if (low === 0 && high === 0) continue;
      const at = this.#place(low, high);
      this.#words[at] = low;
      this.#words[at + 1] = high;
    }
  }
}

function hashOf(text: string): [low: number, high: number] {
  const digest = createHash('sha1').update(text).digest();
  // The last bit is given up so that no text hashes to the empty place.
  return [digest.readUInt32LE(0), (digest.readUInt32LE(4) | 1) >>> 0];
}
