/** Arrays grow by this factor: half of a full table is empty for a moment, not three quarters. */
const GROWTH = 2;
const FIRST_KEYS = 1024;
/** Ids are 31 bits and the slots twice as many; beyond it the names alone would fill the memory of most machines. */
const MAX_KEYS = 2 ** 28;

/** FNV-1a, 32 bits. Source: RFC 9923. Callers that read the bytes anyway fold them in themselves. */
export const HASH_SEED = 0x811c9dc5;
const HASH_PRIME = 0x01000193;

/** One more byte into a hash. */
export function foldHash(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, HASH_PRIME);
}

/**
 * Byte strings to ids 0, 1, 2, … by first appearance, without a JS string each. Open addressing over one arena: about 20 bytes per key
 * beside its own.
 */
export class ByteTable {
  #arena = new Uint8Array(FIRST_KEYS * 16);
  /** Where key `id` begins; one more than there are keys. */
  #starts = new Float64Array(FIRST_KEYS + 1);
  #hashes = new Int32Array(FIRST_KEYS);
  /** Ids, or -1; a power of two of them, at most half in use. */
  #slots = new Int32Array(FIRST_KEYS * 2).fill(-1);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The id of bytes [from, to), whose folded hash the caller has at hand. Throws RangeError beyond 2^28 keys. */
  intern(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const mask = this.#slots.length - 1;
    let slot = spread(hash) & mask;
    for (let id = this.#slots[slot] as number; id >= 0; id = this.#slots[slot] as number) {
      if (this.#hashes[id] === hash && this.#equals(id, bytes, from, to)) return id;
      slot = (slot + 1) & mask;
    }
    this.#slots[slot] = this.#size;
    return this.#append(bytes, from, to, hash);
  }

  /** As `intern`, of text. */
  internText(text: string): number {
    const bytes = Buffer.from(text);
    let hash = HASH_SEED;
    for (const byte of bytes) hash = foldHash(hash, byte);
    return this.intern(bytes, 0, bytes.length, hash);
  }

  text(id: number): string {
    const from = this.#starts[id] as number;
    return Buffer.from(this.#arena.buffer, from, (this.#starts[id + 1] as number) - from).toString();
  }

  clear(): void {
    this.#slots.fill(-1);
    this.#size = 0;
  }

  #equals(id: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = this.#starts[id] as number;
    const length = to - from;
    if ((this.#starts[id + 1] as number) - start !== length) return false;
    const arena = this.#arena;
    for (let i = 0; i < length; i++) if (arena[start + i] !== bytes[from + i]) return false;
    return true;
  }

  #append(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const id = this.#size;
    if (id >= MAX_KEYS) throw new RangeError(`expected at most ${MAX_KEYS} different keys, got more`);
    const start = this.#starts[id] as number;
    const end = start + to - from;
    this.#reserve(end);
    for (let i = from; i < to; i++) this.#arena[start + i - from] = bytes[i] as number;
    this.#starts[id + 1] = end;
    this.#hashes[id] = hash;
    this.#size = id + 1;
    if (this.#size * 2 > this.#slots.length) this.#rehash();
    return id;
  }

  #reserve(bytes: number): void {
    if (bytes > this.#arena.length) {
      const arena = new Uint8Array(Math.max(bytes, this.#arena.length * GROWTH));
      arena.set(this.#arena);
      this.#arena = arena;
    }
    if (this.#size < this.#hashes.length) return;
    const [starts, hashes] = [this.#starts, this.#hashes];
    this.#hashes = new Int32Array(hashes.length * GROWTH);
    this.#hashes.set(hashes);
    this.#starts = new Float64Array(hashes.length * GROWTH + 1);
    this.#starts.set(starts);
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * GROWTH).fill(-1);
    const mask = this.#slots.length - 1;
    for (let id = 0; id < this.#size; id++) {
      let slot = spread(this.#hashes[id] as number) & mask;
      while ((this.#slots[slot] as number) >= 0) slot = (slot + 1) & mask;
      this.#slots[slot] = id;
    }
  }
}

/** The low bits of FNV hashes of short keys lie close together; the table takes low bits. */
function spread(hash: number): number {
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 3;
}
