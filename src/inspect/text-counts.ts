/** How many different texts, and how many rows of the frequent ones: exactly up to a bound, about above. */
import { TextHash } from '../structures/hash.ts';
import { TextSet } from '../structures/hash-table.ts';
import { HyperLogLog } from '../structures/hyper-log-log.ts';

/** Different texts that are counted exactly: 2^23 places at the load of the set, 64 MiB, and 32 more while it grows. */
const EXACT_TEXTS = 2 ** 23 * 0.75;
/**
 * Texts whose rows are counted at the same time; some 30 MB of short texts. Chosen: the web's host names are met by
 * manifests of billions.
 */
const MAX_TEXTS = 200_000;

/**
 * How many different texts were added: exactly up to 6.3 million (by 63 bits of hash: with a chance of 1 in 470,000 of
 * being one off), within about 2 % above. Memory is 96 MiB at most, whatever is added.
 */
export class DistinctCount {
  readonly #hash = new TextHash();
  readonly #sketch = new HyperLogLog();
  readonly #exactTexts: number;
  /** Gone once there are too many. */
  #seen: TextSet | undefined = new TextSet();

  /** @param exactTexts - for tests: where exact counting ends */
  constructor(exactTexts = EXACT_TEXTS) {
    this.#exactTexts = exactTexts;
  }

  get isExact(): boolean {
    return this.#seen !== undefined;
  }

  /** Exact, or an estimate rounded to a whole number. */
  get size(): number {
    return this.#seen?.size ?? Math.round(this.#sketch.size);
  }

  add(text: string): void {
    const hash = this.#hash.of(text);
    this.#sketch.add(hash);
    this.#seen?.addHash(hash);
    // Before the set becomes too full: growing it would take twice the memory for a moment.
    if (this.#seen !== undefined && this.#seen.size >= this.#exactTexts) this.#seen = undefined;
  }
}

/** A text and its rows. */
export interface TextRows {
  readonly text: string;
  readonly rows: number;
}

/**
 * Counts rows by text, in bounded memory: exactly up to 200,000 different texts. From then on the rarest half is
 * forgotten each time the table is full, and counts are upper bounds that are too high by the rows forgotten per text
 * (`error`), which is below rows / 100,000: what fills a thousandth of all rows is always found. Source: Misra and
 * Gries (1982) in the batched form of Anderson et al., "A high-performance algorithm for identifying frequent items in
 * data streams" (2017).
 */
export class FrequentTexts {
  readonly #maxTexts: number;
  readonly #rows = new Map<string, number>();
  readonly #hash = new TextHash();
  readonly #sketch = new HyperLogLog();
  #forgotten = 0;

  /** @param maxTexts - for tests: how many are counted at the same time */
  constructor(maxTexts = MAX_TEXTS) {
    this.#maxTexts = maxTexts;
  }

  /** Whether `size` and every number of `top` are exact. */
  get isExact(): boolean {
    return this.#forgotten === 0;
  }

  /** Rows by which a number of `top` may be too high. */
  get error(): number {
    return this.#forgotten;
  }

  /** Different texts. */
  get size(): number {
    return this.isExact ? this.#rows.size : Math.round(this.#sketch.size);
  }

  add(text: string): void {
    const rows = this.#rows.get(text);
    if (rows !== undefined) {
      this.#rows.set(text, rows + 1);
      return;
    }
    if (this.#rows.size >= this.#maxTexts) this.#forgetRarest();
    this.#sketch.add(this.#hash.of(text));
    // A text may be a slice of a whole column: as a key it must not keep the column in memory.
    this.#rows.set(Buffer.from(text).toString(), 1);
  }

  /**
   * By rows, most first; texts of as many rows in the order of first appearance. Unless exact, without texts that may
   * be there by chance.
   */
  top(count: number): TextRows[] {
    // Counted since the last time everything was forgotten by at least as much as may be missing: frequent for sure.
    const sure = [...this.#rows].filter(([, rows]) => rows >= this.#forgotten);
    return sure
      .map(([text, rows]) => ({ text, rows: rows + this.#forgotten }))
      .sort((a, b) => b.rows - a.rows)
      .slice(0, count);
  }

  /** Takes the median from every count and drops what has none left: at least half of the table. */
  #forgetRarest(): void {
    const counts = Float64Array.from(this.#rows.values()).sort();
    const median = counts[counts.length >> 1] as number;
    this.#forgotten += median;
    for (const [text, rows] of this.#rows) {
      if (rows > median) this.#rows.set(text, rows - median);
      else this.#rows.delete(text);
    }
  }
}
