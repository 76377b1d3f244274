/** Which file every group of rows goes to, so that the fullest file holds as few as possible. */
import { Heap } from '../structures/heap.ts';

/** So many rows of a split group, in manifest order, go to this file. */
export interface Piece {
  readonly file: number;
  readonly rows: number;
}

export interface PlanOptions {
  readonly files: number;
  /** Never split a group, however large it is: files may then differ much, or stay empty. */
  readonly keepWhole: boolean;
}

/**
 * Which file every group of rows goes to; groups and files are numbered from 0. Groups are spread largest first, each
 * into the least filled file, of equal ones the first. A group above its fair share fills files of its own, and its
 * remainder is packed like the small ones. Depends on nothing but the arguments; no file stays empty unless `keepWhole`
 * or there are fewer rows than files. Source: longest-processing-time rule, R. L. Graham 1969; at most 4/3 of the best
 * possible.
 */
export class FilePlan {
  /** By group: its file, or -1 - i when it is split into the pieces `splits[i]`; groups without rows have 0. */
  readonly fileOf: Int32Array;
  readonly splits: Piece[][] = [];
  /** Rows by file. */
  readonly rows: Float64Array;
  /** Groups, or parts of one, by file. */
  readonly groups: Uint32Array;
  readonly #files: number;
  readonly #total: number;
  /** What is not placed yet, by group. */
  readonly #left: Float64Array;

  /** @param counts - rows by group */
  constructor(counts: ArrayLike<number>, { files, keepWhole }: PlanOptions) {
    this.fileOf = new Int32Array(counts.length);
    this.rows = new Float64Array(files);
    this.groups = new Uint32Array(files);
    this.#files = files;
    this.#left = Float64Array.from(counts);
    this.#total = this.#left.reduce((sum, rows) => sum + rows, 0);
    if (!keepWhole) this.#splitGiants();
    this.#packRest();
  }

  #splitGiants(): void {
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

  #packRest(): void {
    const filled = (file: number): number => this.rows[file] as number;
    const emptiest = new Heap<number>((a, b) => filled(a) < filled(b) || (filled(a) === filled(b) && a < b));
    for (let file = 0; file < this.#files; file++) emptiest.add(file);
    for (const group of this.#ranked()) {
      const rows = this.#left[group] as number;
      if (rows === 0) return;
      const file = emptiest.first as number;
      const split = this.fileOf[group] as number;
      if (split < 0) (this.splits[-1 - split] as Piece[]).push({ file, rows });
      else this.fileOf[group] = file;
      this.#place(group, file, rows);
      emptiest.replaceFirst(file);
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
