/** Counts and latency of rows, in memory that does not grow with their number. */
import type { OutcomeRow } from '../dataset/outcome-rows.ts';

export interface Quantiles {
  readonly rows: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Width of a bucket: a quantile is off by at most 2.5 %, and a millisecond to a day takes 375 buckets. */
const GROWTH = 1.05;
const LOG_GROWTH = Math.log(GROWTH);
/** Shorter ones are counted as this. */
const LEAST_MS = 0.1;

/**
 * Quantiles of durations in bounded memory: counts in buckets that grow by 5 %. Two sketches can be added up.
 * Source: Masson, Rim, Lee, "DDSketch", VLDB 2019, without its collapsing.
 */
export class LatencySketch {
  readonly #counts = new Map<number, number>();
  #count = 0;
  #maxMs = 0;

  get count(): number {
    return this.#count;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  /** Anything but a duration is passed over. */
  add(ms: number): void {
    if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY)) return;
    const bucket = Math.ceil(Math.log(Math.max(ms, LEAST_MS)) / LOG_GROWTH);
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + 1);
    this.#count += 1;
    this.#maxMs = Math.max(this.#maxMs, ms);
  }

  merge(other: LatencySketch): void {
    for (const [bucket, count] of other.#counts) this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count);
    this.#count += other.#count;
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs);
  }

  /** @param share - 0.5 for the median. @returns undefined without durations */
  quantile(share: number): number | undefined {
    if (this.#count === 0) return undefined;
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (const [bucket, count] of [...this.#counts].sort(([a], [b]) => a - b)) {
      seen += count;
      // The middle of the bucket, and never more than was seen.
      if (seen >= rank) return Math.min(this.#maxMs, (GROWTH ** bucket * 2) / (1 + GROWTH));
    }
    return this.#maxMs;
  }
}

/** @returns undefined without durations */
export function quantilesOf(sketch: LatencySketch): Quantiles | undefined {
  const [p50Ms, p95Ms, p99Ms] = [0.5, 0.95, 0.99].map((share) => sketch.quantile(share));
  if (p50Ms === undefined || p95Ms === undefined || p99Ms === undefined) return undefined;
  return { rows: sketch.count, p50Ms, p95Ms, p99Ms, maxMs: sketch.maxMs };
}

/** What became of some rows: of a host's, or of those that ended at about the same time. */
export class RowCounts {
  rows = 0;
  fetched = 0;
  failed = 0;
  skipped = 0;
  /** Of stored bodies. */
  bytes = 0;
  /** Send to headers. */
  readonly latency = new LatencySketch();

  add({ status, bytes, headersMs }: OutcomeRow): void {
    this.rows += 1;
    if (status === 'fetched') {
      this.fetched += 1;
      this.bytes += bytes;
    } else if (status === 'skipped') this.skipped += 1;
    else this.failed += 1;
    this.latency.add(headersMs);
  }

  merge(other: RowCounts): void {
    this.rows += other.rows;
    this.fetched += other.fetched;
    this.failed += other.failed;
    this.skipped += other.skipped;
    this.bytes += other.bytes;
    this.latency.merge(other.latency);
  }
}
