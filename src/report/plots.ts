/** What a report's plots show: results over time, and how loaded the hosts were meanwhile. */
import type { DatasetFile } from '../dataset/files/dataset-files.ts';
import type { OutcomeRow } from '../dataset/outcome-rows.ts';
import { readTimeline, type TimelinePoint } from '../job/timeline.ts';
import { RowCounts } from './row-counts.ts';

/** More points than a screen has pixels for would only make the page large. */
const MAX_POINTS = 600;

/** What happened when: one entry per array for every bucket in which anything did. */
export interface TimePlot {
  /** Width of a bucket. */
  readonly bucketMs: number;
  /** Wall clock of the buckets' beginnings, ascending. */
  readonly atMs: readonly number[];
  readonly fetched: readonly number[];
  readonly failed: readonly number[];
  readonly skipped: readonly number[];
  /** Of stored bodies. */
  readonly bytes: readonly number[];
  /** Send to headers; null where no row got headers. */
  readonly p50Ms: readonly (number | null)[];
  readonly p95Ms: readonly (number | null)[];
}

/** Rows by time of their result. Starts with seconds; whenever there are too many buckets, two become one. */
export class TimeBuckets {
  readonly #maxBuckets: number;
  #buckets = new Map<number, RowCounts>();
  #bucketMs = 1000;

  constructor(maxBuckets = MAX_POINTS) {
    this.#maxBuckets = maxBuckets;
  }

  add(row: OutcomeRow): void {
    if (!Number.isFinite(row.fetchedAtMs)) return;
    this.#bucket(Math.floor(row.fetchedAtMs / this.#bucketMs)).add(row);
    while (this.#buckets.size > this.#maxBuckets) this.#halve();
  }

  plot(): TimePlot {
    const sorted = [...this.#buckets].sort(([a], [b]) => a - b);
    const column = <T>(read: (bucket: RowCounts) => T): T[] => sorted.map(([, bucket]) => read(bucket));
    return {
      bucketMs: this.#bucketMs,
      atMs: sorted.map(([index]) => index * this.#bucketMs),
      fetched: column((bucket) => bucket.fetched),
      failed: column((bucket) => bucket.failed),
      skipped: column((bucket) => bucket.skipped),
      bytes: column((bucket) => bucket.bytes),
      p50Ms: column((bucket) => bucket.latency.quantile(0.5) ?? null),
      p95Ms: column((bucket) => bucket.latency.quantile(0.95) ?? null),
    };
  }

  #bucket(index: number): RowCounts {
    let bucket = this.#buckets.get(index);
    if (bucket === undefined) {
      bucket = new RowCounts();
      this.#buckets.set(index, bucket);
    }
    return bucket;
  }

  #halve(): void {
    const before = this.#buckets;
    this.#buckets = new Map();
    this.#bucketMs *= 2;
    for (const [index, bucket] of before) this.#bucket(Math.floor(index / 2)).merge(bucket);
  }
}

/** In-flight requests and limits of one output over time; every array has an entry per moment. */
export interface RunPlot {
  readonly out: string;
  /** Wall clock, ascending. */
  readonly atMs: readonly number[];
  /** Over all hosts. */
  readonly inFlight: readonly number[];
  readonly queued: readonly number[];
  /** The busiest hosts; null where the host was not among the busiest of its moment. */
  readonly hosts: readonly {
    readonly host: string;
    readonly inFlight: readonly (number | null)[];
    readonly limit: readonly (number | null)[];
    readonly rate: readonly (number | null)[];
    readonly state: readonly (string | null)[];
  }[];
}

const MAX_HOSTS = 8;

/** @returns undefined when the job has no timeline. Reads it twice and keeps some hundreds of its lines. */
export async function readRunPlot(out: string, file: DatasetFile): Promise<RunPlot | undefined> {
  let count = 0;
  const weights = new Map<string, number>();
  for await (const { hosts } of readTimeline(file)) {
    count += 1;
    for (const { host, in_flight, waiting } of hosts) {
      weights.set(host, (weights.get(host) ?? 0) + in_flight + Math.min(1, waiting));
    }
  }
  if (count === 0) return undefined;
  const every = Math.ceil(count / MAX_POINTS);
  const points: TimelinePoint[] = [];
  let line = 0;
  for await (const point of readTimeline(file)) if (line++ % every === 0) points.push(point);
  const busiest = [...weights].sort(([, a], [, b]) => b - a).slice(0, MAX_HOSTS);
  return {
    out,
    atMs: points.map(({ at }) => at),
    inFlight: points.map(({ in_flight }) => in_flight),
    queued: points.map(({ queued }) => queued),
    hosts: busiest.map(([host]) => hostColumns(host, points)),
  };
}

function hostColumns(host: string, points: readonly TimelinePoint[]): RunPlot['hosts'][number] {
  const found = points.map(({ hosts }) => hosts.find((one) => one.host === host));
  return {
    host,
    inFlight: found.map((one) => one?.in_flight ?? null),
    limit: found.map((one) => one?.limit ?? null),
    rate: found.map((one) => one?.rate ?? null),
    state: found.map((one) => one?.state ?? null),
  };
}
