/** So many rows of a split group, in manifest order, go to this file. */
export interface Piece {
  readonly file: number;
  readonly rows: number;
}

/** Which file every group of rows goes to. Groups and files are numbered from 0. */
export interface FilePlan {
  /** By group: its file, or -1 - i when it is split into the pieces `splits[i]`; groups without rows have 0. */
  readonly fileOf: Int32Array;
  readonly splits: readonly (readonly Piece[])[];
  /** Rows by file. */
  readonly rows: Float64Array;
  /** Groups, or parts of one, by file. */
  readonly groups: Uint32Array;
}

export interface PlanOptions {
  readonly files: number;
  /** Never split a group, however large it is: files may then differ much, or stay empty. */
  readonly keepWhole: boolean;
}

/**
 * Spread groups of rows over files so that the fullest holds as few as possible: largest first, each into the least
 * filled file, of equal ones the first. A group above its fair share fills files of its own, and its remainder is
 * packed like the small ones. Depends on nothing but the arguments; no file stays empty unless `keepWhole` or there are
 * fewer rows than files. Source: longest-processing-time rule, R. L. Graham 1969; at most 4/3 of the best possible.
 * @param counts - rows by group
 */
export function planFiles(counts: ArrayLike<number>, { files, keepWhole }: PlanOptions): FilePlan {
  const plan = new Plan(counts, files);
  if (!keepWhole) plan.splitGiants();
  plan.packRest();
  return plan;
}

class Plan implements FilePlan {
  readonly fileOf: Int32Array;
  readonly splits: Piece[][] = [];
  readonly rows: Float64Array;
  readonly groups: Uint32Array;
  readonly #files: number;
  readonly #total: number;
  /** What is not placed yet, by group. */
  readonly #left: Float64Array;

  constructor(counts: ArrayLike<number>, files: number) {
    this.fileOf = new Int32Array(counts.length);
    this.rows = new Float64Array(files);
    this.groups = new Uint32Array(files);
    this.#files = files;
    this.#left = Float64Array.from(counts);
    this.#total = this.#left.reduce((sum, rows) => sum + rows, 0);
  }

  splitGiants(): void {
    const share = this.#total / this.#files;
    let file = 0;
    for (const group of this.#ranked()) {
      if ((this.#left[group] as number) <= share) return;
      const pieces: Piece[] = [];
      for (; file < this.#files && (this.#left[group] as number) >= this.#quota(file); file++) {
        pieces.push({ file, rows: this.#quota(file) });
        this.#place(group, file, this.#quota(file));
      }
      if (pieces.length > 0) this.fileOf[group] = -this.splits.push(pieces);
    }
  }

  packRest(): void {
    const loads = new LeastLoaded(this.rows);
    for (const group of this.#ranked()) {
      const rows = this.#left[group] as number;
      if (rows === 0) return;
      const file = loads.first;
      const split = this.fileOf[group] as number;
      if (split < 0) (this.splits[-1 - split] as Piece[]).push({ file, rows });
      else this.fileOf[group] = file;
      this.#place(group, file, rows);
      loads.sinkFirst();
    }
  }

  /** Rows of a file when all are as full as can be; they differ by one at most. */
  #quota(file: number): number {
    return Math.floor(this.#total / this.#files) + (file < this.#total % this.#files ? 1 : 0);
  }

  #place(group: number, file: number, rows: number): void {
    this.#left[group] = (this.#left[group] as number) - rows;
    this.rows[file] = (this.rows[file] as number) + rows;
    this.groups[file] = (this.groups[file] as number) + 1;
  }

  /** Groups by what is left of them, most first, equal ones by number. */
  #ranked(): Uint32Array {
    const left = this.#left;
    return Uint32Array.from(left.keys()).sort((a, b) => (left[b] as number) - (left[a] as number) || a - b);
  }
}

/** Heap over files, the least filled one (of equal ones the first) on top; reads loads that others write. */
class LeastLoaded {
  readonly #loads: Float64Array;
  readonly #heap: Uint32Array;

  constructor(loads: Float64Array) {
    this.#loads = loads;
    this.#heap = Uint32Array.from(loads.keys()).sort((a, b) => (this.#before(a, b) ? -1 : 1));
  }

  get first(): number {
    return this.#heap[0] as number;
  }

  /** The first file's load has grown. */
  sinkFirst(): void {
    const heap = this.#heap;
    const moved = this.first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#before(heap[child + 1] as number, heap[child] as number)) child++;
      if (!this.#before(heap[child] as number, moved)) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = moved;
  }

  #before(a: number, b: number): boolean {
    const difference = (this.#loads[a] as number) - (this.#loads[b] as number);
    return difference < 0 || (difference === 0 && a < b);
  }
}
