/** Latencies of very many hosts, each in a row of small counters: quantiles to about 15 %, weighted to what came last. */
import { LATENCY_BUCKETS as BUCKETS, latencyBucket, latencyOf } from '../../structures/latency-buckets.ts';

const FULL = 65_535;

export class Latencies {
  #counts = new Uint16Array(BUCKETS * 64);

  /** @param at - the host's number, from 0 */
  add(at: number, ms: number): void {
    this.addCounted(at, latencyBucket(ms), 1);
  }

  /** As somebody else has counted them. */
  addCounted(at: number, bucket: number, count: number): void {
    const from = at * BUCKETS;
    while (from + BUCKETS > this.#counts.length) this.#grow();
    const index = from + Math.min(BUCKETS - 1, bucket);
    const more = Math.min(count, FULL >> 1);
    if ((this.#counts[index] as number) + more > FULL) this.#halve(from);
    this.#counts[index] = (this.#counts[index] as number) + more;
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
      if (sum >= wanted) return latencyOf(bucket);
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
