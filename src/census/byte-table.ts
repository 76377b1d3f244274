import { type Data, makeData, Utf8 } from 'apache-arrow';

/** Arrays grow by this factor: half of a full table is empty for a moment, not three quarters. */
const GROWTH = 2;
const FIRST_KEYS = 1024;
/** Some 15 GB of keys and table: nobody has that many hosts, and an id column may be told by this. */
const MAX_KEYS = 2 ** 28;

/** FNV-1a, 32 bits, signed as the table stores them. Source: RFC 9923. Callers that read the bytes anyway fold them in themselves. */
export const HASH_SEED = 0x811c9dc5 | 0;
const HASH_PRIME = 0x01000193;

/** One more byte into a hash. */
export function foldHash(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, HASH_PRIME);
}

/**
 * Byte strings to ids 0, 1, 2, … by first appearance, without a JS string each. Open addressing over one arena: about 30 bytes per key
 * beside its own.
 */
export class ByteTable {
  #arena = new Uint8Array(FIRST_KEYS * 16);
  /** Where key `id` begins; one more than there are keys. */
  #starts = new Float64Array(FIRST_KEYS + 1);
  /** Pairs of id + 1 (0 is empty) and hash, side by side because a miss of the cache is what a probe costs; at most half in use. */
  #slots = new Int32Array(FIRST_KEYS * 4);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The id of bytes [from, to), whose folded hash the caller has at hand. Throws RangeError beyond 2^28 keys. */
  intern(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = spread(hash) & mask;
    for (let id = slots[slot] as number; id > 0; id = slots[slot] as number) {
      if (slots[slot + 1] === hash && this.#equals(id - 1, bytes, from, to)) return id - 1;
      slot = (slot + 2) & mask;
    }
    slots[slot] = this.#size + 1;
    slots[slot + 1] = hash;
    return this.#append(bytes, from, to);
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

  /** Keys by id as a column of text; null where the id is `nullId`. */
  column(ids: Int32Array, nullId: number): Data<Utf8> {
    const valueOffsets = new Int32Array(ids.length + 1);
    const nullBitmap = new Uint8Array((ids.length + 7) >> 3);
    let nullCount = 0;
    ids.forEach((id, row) => {
      const isNull = id === nullId;
      if (isNull) nullCount++;
      else nullBitmap[row >> 3] = (nullBitmap[row >> 3] as number) | (1 << (row & 7));
      const bytes = isNull ? 0 : (this.#starts[id + 1] as number) - (this.#starts[id] as number);
      valueOffsets[row + 1] = (valueOffsets[row] as number) + bytes;
    });
    const data = new Uint8Array(valueOffsets[ids.length] as number);
    ids.forEach((id, row) => {
      const shift = (this.#starts[id] as number) - (valueOffsets[row] as number);
      for (let at = valueOffsets[row] as number; at < (valueOffsets[row + 1] as number); at++) data[at] = this.#arena[at + shift] as number;
    });
    return makeData({
      type: new Utf8(),
      length: ids.length,
      nullCount,
      nullBitmap: nullCount === 0 ? undefined : nullBitmap,
      valueOffsets,
      data,
    });
  }

  clear(): void {
    this.#slots.fill(0);
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

  #append(bytes: Uint8Array, from: number, to: number): number {
    const id = this.#size;
    if (id >= MAX_KEYS) throw new RangeError(`expected at most ${MAX_KEYS} different keys, got more`);
    const start = this.#starts[id] as number;
    const end = start + to - from;
    this.#reserve(end);
    for (let i = from; i < to; i++) this.#arena[start + i - from] = bytes[i] as number;
    this.#starts[id + 1] = end;
    this.#size = id + 1;
    if (this.#size * 4 > this.#slots.length) this.#rehash();
    return id;
  }

  #reserve(bytes: number): void {
    if (bytes > this.#arena.length) {
      const arena = new Uint8Array(Math.max(bytes, this.#arena.length * GROWTH));
      arena.set(this.#arena);
      this.#arena = arena;
    }
    const starts = this.#starts;
    if (this.#size + 1 < starts.length) return;
    this.#starts = new Float64Array(starts.length * GROWTH);
    this.#starts.set(starts);
  }

  #rehash(): void {
    const old = this.#slots;
    const slots = new Int32Array(old.length * GROWTH);
    const mask = slots.length - 1;
    for (let from = 0; from < old.length; from += 2) {
      if (old[from] === 0) continue;
      let slot = spread(old[from + 1] as number) & mask;
      while (slots[slot] !== 0) slot = (slot + 2) & mask;
      slots[slot] = old[from] as number;
      slots[slot + 1] = old[from + 1] as number;
    }
    this.#slots = slots;
  }
}

/** The low bits of FNV hashes of short keys lie close together, and the table takes low bits. Even: slots are pairs. */
function spread(hash: number): number {
  return (Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 3) & ~1;
}
