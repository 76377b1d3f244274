/** Which rows a gather takes, row by row or in stretches. */

/**
 * Which source rows a gather takes, in output order: row `rows[i]` of `batches[i]`. Both arrays have the output's
 * length.
 */
export interface RowPicks {
  readonly batches: ArrayLike<number>;
  readonly rows: ArrayLike<number>;
}

/**
 * Picks as stretches of consecutive source rows. Copying a stretch costs one `set` per buffer, and a stretch of list
 * rows is again a stretch of child rows, so nested columns recurse with the same shape.
 */
export class Runs {
  #batches: number[] = [];
  #starts: number[] = [];
  #counts: number[] = [];
  /** Rows over all runs. */
  length = 0;

  get size(): number {
    return this.#counts.length;
  }

  batch(run: number): number {
    return this.#batches[run] as number;
  }

  start(run: number): number {
    return this.#starts[run] as number;
  }

  count(run: number): number {
    return this.#counts[run] as number;
  }

  /** Append rows `start` to `start + count` of a batch; joins the run before where it continues it. */
  add(batch: number, start: number, count: number): void {
    if (count === 0) return;
    this.length += count;
    const last = this.#counts.length - 1;
    if (last >= 0 && this.#batches[last] === batch && this.start(last) + this.count(last) === start) {
      this.#counts[last] = this.count(last) + count;
      return;
    }
    this.#batches.push(batch);
    this.#starts.push(start);
    this.#counts.push(count);
  }
}

/** Throws RangeError when the two arrays of `picks` differ in length. */
export function runsOf(picks: RowPicks): Runs {
  const { batches, rows } = picks;
  if (batches.length !== rows.length)
    throw new RangeError(`expected as many batches as rows, got ${batches.length} and ${rows.length}`);
  const runs = new Runs();
  for (let i = 0; i < rows.length; i++) runs.add(batches[i] as number, rows[i] as number, 1);
  return runs;
}

/** Rows of one batch, the first of a list. */
export function runsIn(rows: ArrayLike<number>): Runs {
  const runs = new Runs();
  for (let i = 0; i < rows.length; i++) runs.add(0, rows[i] as number, 1);
  return runs;
}

/** Rows that go to one of several places, a unit or a file. */
export interface PartRows {
  readonly part: number;
  /** Numbers of rows, rising. */
  readonly rows: Uint32Array;
}

/**
 * The rows that go to the parts [from, to), part after part, from the part of every row; only parts that get some. A
 * counting sort, and stable.
 */
export function* rowsByPart(partOf: Int32Array, from: number, to: number): Iterable<PartRows> {
  const starts = new Uint32Array(to - from + 1);
  for (const part of partOf)
    if (part >= from && part < to) starts[part - from + 1] = (starts[part - from + 1] as number) + 1;
  for (let i = 0; i < to - from; i++) starts[i + 1] = (starts[i + 1] as number) + (starts[i] as number);
  const next = starts.slice();
  const sorted = new Uint32Array(starts[to - from] as number);
  for (let row = 0; row < partOf.length; row++) {
    const part = partOf[row] as number;
    if (part < from || part >= to) continue;
    const at = next[part - from] as number;
    next[part - from] = at + 1;
    sorted[at] = row;
  }
  for (let i = 0; i < to - from; i++) {
    const rows = sorted.subarray(starts[i], starts[i + 1]);
    if (rows.length > 0) yield { part: from + i, rows };
  }
}
