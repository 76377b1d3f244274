/** Latencies of very many hosts, each in a row of small counters: quantiles to about 15 %, weighted to what came last. */

/** Each holds latencies up to so many times those of the one before. */
const STEP = 1.35;
/** Up to 90 s; longer ones are in the last. */
const BUCKETS = 39;
const FULL = 65_535;

export class Latencies {
  #counts = new Uint16Array(BUCKETS * 64);

  /** @param at - the host's number, from 0 */
  add(at: number, ms: number): void {
    const bucket = Math.min(BUCKETS - 1, Math.max(0, Math.ceil(Math.log(Math.max(ms, 1)) / Math.log(STEP))));
    const from = at * BUCKETS;
    while (from + BUCKETS > this.#counts.length) this.#grow();
    const index = from + bucket;
    if (this.#counts[index] === FULL) this.#halve(from);
    this.#counts[index] = (this.#counts[index] as number) + 1;
  }

  /** @param share - 0.5 for the median; @returns ms, undefined without any */
  quantile(at: number, share: number): number | undefined {
    const from = at * BUCKETS;
    if (from >= this.#counts.length) return undefined;
    const counts = this.#counts.subarray(from, from + BUCKETS);
    const wanted = counts.reduce((sum, count) => sum + count, 0) * share;
    if (wanted === 0) return undefined;
    let sum = 0;
    for (const [bucket, count] of counts.entries()) {
      sum += count;
      // In the middle of what it stands for.
      if (sum >= wanted) return STEP ** (bucket - 0.5);
    }
    return undefined;
  }

  #halve(from: number): void {
    for (let index = from; index < from + BUCKETS; index += 1)
      this.#counts[index] = (this.#counts[index] as number) >> 1;
  }

  #grow(): void {
    const counts = new Uint16Array(2 * this.#counts.length);
    counts.set(this.#counts);
    this.#counts = counts;
  }
}
