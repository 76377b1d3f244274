/** Arrays, bits and offsets that grow at their end: what a column under construction is made of. */
import type { Data } from 'apache-arrow';
import { copyBits, viewOf } from './copy-bytes.ts';
import type { Runs } from './picks.ts';

/** Cells at a time: apache-arrow wants buffers in multiples of 64 bytes, and any wider cell fits in. */
const ROUND_BYTES = 64;

/** The first row may be a thousand times as long as all others. */
const MAX_EXPECTED_BYTES = 16 * 1024 * 1024;

type Cells = Int32Array | Int16Array | Uint8Array;

/** How much more than the first rows is to be expected, as a factor: arrays are made large enough for all of it. */
export interface Expected {
  scale: number;
}

/** An array that grows at its end: to what is expected at first, twofold beyond. */
export class Growing<T extends Cells> {
  /** With room to spare; zero from `length` on. */
  cells: T;
  /** The same bytes. */
  view: DataView;
  length = 0;
  readonly #make: (bytes: Uint8Array) => T;
  readonly #expected: Expected;

  constructor(make: (bytes: Uint8Array) => T, expected: Expected) {
    this.#make = make;
    this.#expected = expected;
    this.cells = make(new Uint8Array(0));
    this.view = viewOf(this.cells);
  }

  /** Of what was filled. */
  get bytes(): number {
    return this.length * this.cells.BYTES_PER_ELEMENT;
  }

  /** Make room for `count` cells more, which are zero. Returns where they begin. */
  grow(count: number): number {
    const at = this.length;
    this.length = at + count;
    if (this.length > this.cells.length) this.#reserve(this.length * this.cells.BYTES_PER_ELEMENT);
    return at;
  }

  /** What was filled. */
  filled(): T {
    return this.cells.subarray(0, this.length) as T;
  }

  #reserve(needed: number): void {
    const { byteLength } = this.cells;
    const expected = byteLength === 0 ? Math.min(needed * this.#expected.scale, MAX_EXPECTED_BYTES) : byteLength * 2;
    const bytes = Math.max(needed, expected);
    const grown = this.#make(new Uint8Array(Math.ceil(bytes / ROUND_BYTES) * ROUND_BYTES));
    grown.set(this.cells);
    this.cells = grown;
    this.view = viewOf(grown);
  }
}

/** Bits that grow at their end. */
export class GrowingBits {
  readonly #bytes: Growing<Uint8Array>;
  length = 0;

  constructor(expected: Expected) {
    this.#bytes = new Growing((bytes) => bytes, expected);
  }

  get bytes(): number {
    return this.#bytes.bytes;
  }

  /** Make room for `count` bits more, which are zero. Returns where they begin. */
  grow(count: number): number {
    const at = this.length;
    this.length += count;
    this.#bytes.grow(((this.length + 7) >> 3) - this.#bytes.length);
    return at;
  }

  /** See copyBits. */
  append(source: Uint8Array | undefined, sourceBit: number, count: number): void {
    const at = this.grow(count);
    copyBits(source, sourceBit, this.#bytes.cells, at, count);
  }

  filled(): Uint8Array {
    return this.#bytes.filled();
  }
}

/** 32-bit offsets of lists or bytes, the first of which is 0, appended to from offsets of 32 or 64 bits. */
export class Offsets {
  readonly #cells: Growing<Int32Array>;
  /** The last of them; until the first rows come, none is stored. */
  #end = 0;

  constructor(expected: Expected) {
    this.#cells = new Growing((bytes) => new Int32Array(bytes.buffer), expected);
  }

  get bytes(): number {
    return this.#cells.bytes;
  }

  /** Returns where the first of the new offsets is. */
  append(sources: readonly Data[], runs: Runs): number {
    const first = Math.max(0, this.#cells.length - 1);
    this.#cells.grow(first + runs.length + 1 - this.#cells.length);
    const { cells } = this.#cells;
    let row = first;
    let end = this.#end;
    let batch = -1;
    let from: ArrayLike<unknown> = cells;
    for (let run = 0; run < runs.size; run++) {
      if (runs.batch(run) !== batch) {
        batch = runs.batch(run);
        from = (sources[batch] as Data).valueOffsets;
      }
      const start = runs.start(run);
      const shift = end - Number(from[start]);
      for (let i = 1; i <= runs.count(run); i++) cells[++row] = Number(from[start + i]) + shift;
      end = Number(from[start + runs.count(run)]) + shift;
      if (end > 0x7fffffff)
        throw new RangeError(`expected at most 2 GiB in one column of a batch, got more within ${row} rows`);
    }
    this.#end = end;
    return first;
  }

  get cells(): Int32Array {
    return this.#cells.cells;
  }

  get end(): number {
    return this.#end;
  }

  filled(): Int32Array {
    if (this.#cells.length === 0) this.#cells.grow(1);
    return this.#cells.filled();
  }
}
