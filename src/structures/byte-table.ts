/** Byte strings to ids, without a JS string each. */
import { type Data, makeData, Utf8 } from 'apache-arrow';
import { copyBytes, viewOf } from '../arrow/copy-bytes.ts';
import { byteHash } from './hash.ts';
import { HashTable } from './hash-table.ts';

/** Arrays grow by this factor: half of a full table is empty for a moment, not three quarters. */
const GROWTH = 2;
const FIRST_KEYS = 1024;
/** Some 15 GB of keys and table: nobody has that many hosts, and an id column may be told by this. */
const MAX_KEYS = 2 ** 28;

/** Byte strings to ids 0, 1, 2, … by first appearance. One arena holds them: about 30 bytes per key beside its own. */
export class ByteTable {
  #arena: DataView = viewOf(new Uint8Array(FIRST_KEYS * 16));
  /** Where key `id` begins; one more than there are keys. */
  #starts = new Float64Array(FIRST_KEYS + 1);
  /** Numbers are id + 1. Half empty: every row of a manifest is looked up. */
  readonly #ids = new HashTable(0.5);

  get size(): number {
    return this.#ids.size;
  }

  /** The id of bytes [from, to), or -1. */
  find(bytes: DataView, from: number, to: number): number {
    return this.#ids.numberAt(this.#placeOf(byteHash(bytes, from, to), bytes, from, to)) - 1;
  }

  /** The id of bytes [from, to), which get one if they have none. Throws RangeError beyond 2^28 keys. */
  intern(bytes: DataView, from: number, to: number): number {
    const hash = byteHash(bytes, from, to);
    const place = this.#placeOf(hash, bytes, from, to);
    const known = this.#ids.numberAt(place) - 1;
    if (known >= 0) return known;
    const id = this.size;
    this.#append(id, bytes, from, to);
    this.#ids.fill(place, hash, id + 1);
    return id;
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
    this.#ids.clear();
  }

  /** Where the key's id is, or the empty place where it belongs. */
  #placeOf(hash: number, bytes: DataView, from: number, to: number): number {
    const ids = this.#ids;
    let place = ids.first(hash);
    for (let id = ids.numberAt(place); id > 0 && !this.#equals(id - 1, bytes, from, to); id = ids.numberAt(place))
      place = ids.next(hash, place);
    return place;
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

  #append(id: number, bytes: DataView, from: number, to: number): void {
    if (id >= MAX_KEYS) throw new RangeError(`expected at most ${MAX_KEYS} different keys, got more`);
    const start = this.#starts[id] as number;
    const end = start + to - from;
    this.#reserve(id, end);
    copyBytes(bytes, from, this.#arena, start, to - from);
    this.#starts[id + 1] = end;
  }

  #reserve(id: number, bytes: number): void {
    if (bytes > this.#arena.byteLength) {
      const arena = new Uint8Array(Math.max(bytes, this.#arena.byteLength * GROWTH));
      arena.set(new Uint8Array(this.#arena.buffer));
      this.#arena = viewOf(arena);
    }
    const starts = this.#starts;
    if (id + 1 < starts.length) return;
    this.#starts = new Float64Array(starts.length * GROWTH);
    this.#starts.set(starts);
  }
}
