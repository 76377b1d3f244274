/** Byte strings to ids, without a JS string each. */
import { type Data, makeData, Utf8 } from 'apache-arrow';
import { copyBytes, viewOf } from '../arrow/copy-bytes.ts';
import { byteHash } from './byte-hash.ts';

/** Arrays grow by this factor: half of a full table is empty for a moment, not three quarters. */
const GROWTH = 2;
const FIRST_KEYS = 1024;
/** Some 15 GB of keys and table: nobody has that many hosts, and an id column may be told by this. */
const MAX_KEYS = 2 ** 28;

/**
 * Byte strings to ids 0, 1, 2, … by first appearance, without a JS string each. Open addressing over one arena: about
 * 30 bytes per key beside its own.
 */
export class ByteTable {
  #arena: DataView = viewOf(new Uint8Array(FIRST_KEYS * 16));
  /** Where key `id` begins; one more than there are keys. */
  #starts = new Float64Array(FIRST_KEYS + 1);
  /**
   * Pairs of id + 1 (0 is empty) and hash, side by side because a miss of the cache is what a probe costs; at most half
   * in use.
   */
  #slots = new Int32Array(FIRST_KEYS * 4);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The id of bytes [from, to), or -1. */
  find(bytes: DataView, from: number, to: number): number {
    return (this.#slots[this.#slotOf(byteHash(bytes, from, to), bytes, from, to)] as number) - 1;
  }

  /** The id of bytes [from, to), which get one if they have none. Throws RangeError beyond 2^28 keys. */
  intern(bytes: DataView, from: number, to: number): number {
    const hash = byteHash(bytes, from, to);
    const slot = this.#slotOf(hash, bytes, from, to);
    const id = (this.#slots[slot] as number) - 1;
    if (id >= 0) return id;
    this.#slots[slot] = this.#size + 1;
    this.#slots[slot + 1] = hash;
    return this.#append(bytes, from, to);
  }

  /** As `intern`, of text. */
  internText(text: string): number {
    const bytes = Buffer.from(text);
    return this.intern(viewOf(bytes), 0, bytes.length);
  }

  text(id: number): string {
    const from = this.#starts[id] as number;
    return Buffer.from(this.#arena.buffer, from, (this.#starts[id + 1] as number) - from).toString();
  }

  /** Keys by id as a column of text; null where the id is `nullId`. */
  column(ids: Int32Array, nullId: number): Data<Utf8> {
    const starts = this.#starts;
    const valueOffsets = new Int32Array(ids.length + 1);
    const nullBitmap = new Uint8Array((ids.length + 7) >> 3);
    let nullCount = 0;
    let end = 0;
    for (let row = 0; row < ids.length; row++) {
      const id = ids[row] as number;
      if (id === nullId) nullCount++;
      else {
        nullBitmap[row >> 3] = (nullBitmap[row >> 3] as number) | (1 << (row & 7));
        end += (starts[id + 1] as number) - (starts[id] as number);
      }
      valueOffsets[row + 1] = end;
    }
    const data = new Uint8Array(end);
    const target = viewOf(data);
    for (let row = 0; row < ids.length; row++) {
      const at = valueOffsets[row] as number;
      copyBytes(this.#arena, starts[ids[row] as number] as number, target, at, (valueOffsets[row + 1] as number) - at);
    }
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

  /** Where the key is in `#slots`, or the empty slot where it belongs. */
  #slotOf(hash: number, bytes: DataView, from: number, to: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = (hash << 1) & mask;
    for (let id = slots[slot] as number; id > 0; id = slots[slot] as number) {
      if (slots[slot + 1] === hash && this.#equals(id - 1, bytes, from, to)) return slot;
      slot = (slot + 2) & mask;
    }
    return slot;
  }

  #equals(id: number, bytes: DataView, from: number, to: number): boolean {
    const start = this.#starts[id] as number;
    const length = to - from;
    if ((this.#starts[id + 1] as number) - start !== length) return false;
    const arena = this.#arena;
    let i = 0;
    for (; i + 4 <= length; i += 4)
      if (arena.getInt32(start + i, true) !== bytes.getInt32(from + i, true)) return false;
    for (; i < length; i++) if (arena.getInt8(start + i) !== bytes.getInt8(from + i)) return false;
    return true;
  }

  #append(bytes: DataView, from: number, to: number): number {
    const id = this.#size;
    if (id >= MAX_KEYS) throw new RangeError(`expected at most ${MAX_KEYS} different keys, got more`);
    const start = this.#starts[id] as number;
    const end = start + to - from;
    this.#reserve(end);
    copyBytes(bytes, from, this.#arena, start, to - from);
    this.#starts[id + 1] = end;
    this.#size = id + 1;
    if (this.#size * 4 > this.#slots.length) this.#rehash();
    return id;
  }

  #reserve(bytes: number): void {
    if (bytes > this.#arena.byteLength) {
      const arena = new Uint8Array(Math.max(bytes, this.#arena.byteLength * GROWTH));
      arena.set(new Uint8Array(this.#arena.buffer));
      this.#arena = viewOf(arena);
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
      let slot = ((old[from + 1] as number) << 1) & mask;
      while (slots[slot] !== 0) slot = (slot + 2) & mask;
      slots[slot] = old[from] as number;
      slots[slot + 1] = old[from + 1] as number;
    }
    this.#slots = slots;
  }
}
