/** Rows by text: all of them, or the frequent ones when there are too many. */
import { HyperLogLog } from '../structures/hyper-log-log.ts';
import { TextHash } from '../structures/text-hash.ts';

/** A text and its rows. */
export interface TextRows {
  readonly text: string;
  readonly rows: number;
}

/** Counts rows by text, in bounded memory. Whoever can count a kind of text faster can take this one's place. */
export interface TextTally {
  add(text: string): void;
  /** Whether `size` and every number of `top` are exact. */
  readonly isExact: boolean;
  /** Different texts. */
  readonly size: number;
  /**
   * By rows, most first; texts of as many rows in the order of first appearance. Unless exact, without texts that may
   * be there by chance.
   */
  top(count: number): TextRows[];
}

/**
 * Texts that are counted at the same time; some 30 MB of short texts. Chosen: the web's host names are met by manifests
 * of billions.
 */
const MAX_TEXTS = 200_000;

/**
 * Exact up to 200,000 different texts. From then on the rarest half is forgotten each time the table is full, and
 * counts are upper bounds that are too high by the rows forgotten per text (`error`), which is below rows / 100,000:
 * what fills a thousandth of all rows is always found. Source: Misra and Gries (1982) in the batched form of Anderson
 * et al., "A high-performance algorithm for identifying frequent items in data streams" (2017).
 */
export function createTextTally(maxTexts = MAX_TEXTS): TextTally & { readonly error: number } {
  return new FrequentTexts(maxTexts);
}

class FrequentTexts implements TextTally {
  readonly #maxTexts: number;
  readonly #rows = new Map<string, number>();
  readonly #hash = new TextHash();
  readonly #distinct = new HyperLogLog();
  #forgotten = 0;

  constructor(maxTexts: number) {
    this.#maxTexts = maxTexts;
  }

  get isExact(): boolean {
    return this.#forgotten === 0;
  }

  get error(): number {
    return this.#forgotten;
  }

  get size(): number {
    return this.isExact ? this.#rows.size : Math.round(this.#distinct.size);
  }

  add(text: string): void {
    const rows = this.#rows.get(text);
    if (rows !== undefined) {
      this.#rows.set(text, rows + 1);
      return;
    }
    if (this.#rows.size >= this.#maxTexts) this.#forgetRarest();
    const { low, high } = this.#hash.of(text);
    this.#distinct.add(low, high);
    // A text may be a slice of a whole column: as a key it must not keep the column in memory.
    this.#rows.set(Buffer.from(text).toString(), 1);
  }

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
