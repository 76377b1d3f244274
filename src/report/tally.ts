/** What is counted row by row. */
import type { TimePart, UnitTimes } from '../dataset/unit-times.ts';
import { TIME_PARTS } from '../dataset/unit-times.ts';
import { HostTable, type OutcomeRow } from './host-table.ts';
import { LatencySketch } from './latency-sketch.ts';
import type { Quantiles, TimeReport } from './report.ts';
import { TimeBuckets } from './time-buckets.ts';

/** Everything that a report counts row by row, over all outputs; in memory that does not grow with the rows. */
export class Tally {
  readonly hosts = new HostTable();
  readonly buckets = new TimeBuckets();
  readonly flags = new Map<string, number>();
  readonly #headers = new LatencySketch();
  readonly #total = new LatencySketch();
  readonly #times: Record<TimePart, number> = { queue: 0, headers: 0, body: 0, hash: 0, write: 0, commit: 0 };
  #timedShards = 0;
  #timedRows = 0;

  addRow(row: OutcomeRow): void {
    this.hosts.add(row);
    this.buckets.add(row);
    this.#headers.add(row.headersMs);
    if (row.status === 'fetched') this.#total.add(row.totalMs);
    for (const flag of row.flags) this.flags.set(flag, (this.flags.get(flag) ?? 0) + 1);
  }

  /** @param rows - of the shard */
  addTimes(times: UnitTimes, rows: number): void {
    this.#timedShards += 1;
    this.#timedRows += rows;
    for (const part of TIME_PARTS) this.#times[part] += times[part];
  }

  time(): TimeReport {
    const measured = { shards: this.#timedShards, rows: this.#timedRows };
    return this.#timedShards === 0 ? measured : { ...measured, ms: { ...this.#times } };
  }

  latency(): { readonly headers?: Quantiles; readonly total?: Quantiles } {
    const [headers, total] = [quantilesOf(this.#headers), quantilesOf(this.#total)];
    return { ...(headers === undefined ? {} : { headers }), ...(total === undefined ? {} : { total }) };
  }
}

function quantilesOf(sketch: LatencySketch): Quantiles | undefined {
  const [p50Ms, p95Ms, p99Ms] = [0.5, 0.95, 0.99].map((share) => sketch.quantile(share));
  if (p50Ms === undefined || p95Ms === undefined || p99Ms === undefined) return undefined;
  return { rows: sketch.count, p50Ms, p95Ms, p99Ms, maxMs: sketch.maxMs };
}
