/** Offsets of lists and bytes, appended to. */
import type { Data } from 'apache-arrow';
import { type Expected, Growing } from './growing.ts';
import type { Runs } from './picks.ts';

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
