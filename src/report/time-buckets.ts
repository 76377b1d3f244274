/** Rows, bytes and latency over time. */
import type { OutcomeRow } from './host-table.ts';
import { LatencySketch } from './latency-sketch.ts';

/** What happened when: one entry per array for every bucket in which anything did. */
export interface TimePlot {
  /** Width of a bucket. */
  readonly bucketMs: number;
  /** Wall clock of the buckets' beginnings, ascending. */
  readonly atMs: readonly number[];
  readonly stored: readonly number[];
  readonly failed: readonly number[];
  readonly skipped: readonly number[];
  /** Of stored bodies. */
  readonly bytes: readonly number[];
  /** Send to headers; null where no row got headers. */
  readonly p50Ms: readonly (number | null)[];
  readonly p95Ms: readonly (number | null)[];
}

interface Bucket {
  stored: number;
  failed: number;
  skipped: number;
  bytes: number;
  readonly latency: LatencySketch;
}

/** More points than a screen has pixels for would only make the page large. */
const MAX_BUCKETS = 600;

/** Rows by time of their result. Starts with seconds; whenever there are too many buckets, two become one. */
export class TimeBuckets {
  readonly #maxBuckets: number;
  #buckets = new Map<number, Bucket>();
  #bucketMs = 1000;

  constructor(maxBuckets = MAX_BUCKETS) {
    this.#maxBuckets = maxBuckets;
  }

  add({ status, bytes, headersMs, fetchedAtMs }: OutcomeRow): void {
    if (!Number.isFinite(fetchedAtMs)) return;
    const bucket = this.#bucket(Math.floor(fetchedAtMs / this.#bucketMs));
    if (status === 'fetched') {
      bucket.stored += 1;
      bucket.bytes += bytes;
    } else if (status === 'skipped') bucket.skipped += 1;
    else bucket.failed += 1;
    bucket.latency.add(headersMs);
    while (this.#buckets.size > this.#maxBuckets) this.#halve();
  }

  plot(): TimePlot {
    const sorted = [...this.#buckets].sort(([a], [b]) => a - b);
    const column = <T>(read: (bucket: Bucket) => T): T[] => sorted.map(([, bucket]) => read(bucket));
    return {
      bucketMs: this.#bucketMs,
      atMs: sorted.map(([index]) => index * this.#bucketMs),
      stored: column((bucket) => bucket.stored),
      failed: column((bucket) => bucket.failed),
      skipped: column((bucket) => bucket.skipped),
      bytes: column((bucket) => bucket.bytes),
      p50Ms: column((bucket) => bucket.latency.quantile(0.5) ?? null),
      p95Ms: column((bucket) => bucket.latency.quantile(0.95) ?? null),
    };
  }

  #bucket(index: number): Bucket {
    let bucket = this.#buckets.get(index);
    if (bucket === undefined) {
      bucket = { stored: 0, failed: 0, skipped: 0, bytes: 0, latency: new LatencySketch() };
      this.#buckets.set(index, bucket);
    }
    return bucket;
  }

  #halve(): void {
    const before = this.#buckets;
    this.#buckets = new Map();
    this.#bucketMs *= 2;
    for (const [index, { stored, failed, skipped, bytes, latency }] of before) {
      const bucket = this.#bucket(Math.floor(index / 2));
      bucket.stored += stored;
      bucket.failed += failed;
      bucket.skipped += skipped;
      bucket.bytes += bytes;
      bucket.latency.merge(latency);
    }
  }
}
