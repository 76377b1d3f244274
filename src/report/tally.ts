/** What a report counts row by row: over all rows, and by host. */
import type { OutcomeRow } from '../dataset/outcome-rows.ts';
import { TIME_PARTS, UnitTimer, type UnitTimes } from '../dataset/stats-file.ts';
import { mostFrequentFirst } from '../dataset/totals.ts';
import { TimeBuckets } from './plots.ts';
import { LatencySketch, type Quantiles, quantilesOf, RowCounts } from './row-counts.ts';

export interface TimeReport {
  /** Summed over rows, which are under way side by side. Absent when no shard was measured. */
  readonly ms?: UnitTimes | undefined;
  /** Shards, and their rows, whose times are in the sum. */
  readonly shards: number;
  readonly rows: number;
}

/** Everything that a report counts row by row, over all outputs; in memory that does not grow with the rows. */
export class Tally {
  readonly hosts = new HostTable();
  readonly buckets = new TimeBuckets();
  readonly flags = new Map<string, number>();
  readonly #headers = new LatencySketch();
  readonly #total = new LatencySketch();
  readonly #times = new UnitTimer();
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
    for (const part of TIME_PARTS) this.#times.add(part, times[part]);
  }

  time(): TimeReport {
    const ms = this.#timedShards === 0 ? undefined : this.#times.sums();
    return { shards: this.#timedShards, rows: this.#timedRows, ms };
  }

  latency(): { readonly headers: Quantiles | undefined; readonly total: Quantiles | undefined } {
    return { headers: quantilesOf(this.#headers), total: quantilesOf(this.#total) };
  }
}

/** A host in a report. */
export interface HostLine {
  readonly host: string;
  readonly rows: number;
  readonly fetched: number;
  readonly failed: number;
  readonly skipped: number;
  readonly bytes: number;
  /** Send to headers, of rows that got headers; absent without any. */
  readonly p50Ms?: number | undefined;
  readonly p95Ms?: number | undefined;
  /** The code that most of its rows have that were not fetched. */
  readonly topError?: string | undefined;
}

/** One host while rows are counted. */
class HostEntry extends RowCounts {
  readonly errors = new Map<string, number>();

  override add(row: OutcomeRow): void {
    super.add(row);
    if (row.status !== 'fetched') this.errors.set(row.code, (this.errors.get(row.code) ?? 0) + 1);
  }
}

/** Hosts that are kept; at about 600 bytes each. */
const MAX_HOSTS = 50_000;

/** Counts by host. Beyond twice `maxHosts` those with fewest rows are given up, so that memory stays bounded. */
export class HostTable {
  readonly #hosts = new Map<string, HostEntry>();
  readonly #maxHosts: number;
  #isPartial = false;

  constructor(maxHosts = MAX_HOSTS) {
    this.#maxHosts = maxHosts;
  }

  get count(): number {
    return this.#hosts.size;
  }

  get isPartial(): boolean {
    return this.#isPartial;
  }

  add(row: OutcomeRow): void {
    this.#entry(row.host).add(row);
  }

  /** The hosts with most rows. */
  byRows(most: number): HostLine[] {
    return this.#top(most, (entry) => entry.rows);
  }

  /** The hosts with most failed rows; none that did not fail. */
  byFailure(most: number): HostLine[] {
    return this.#top(most, (entry) => entry.failed).filter(({ failed }) => failed > 0);
  }

  #top(most: number, weight: (entry: HostEntry) => number): HostLine[] {
    const hosts = [...this.#hosts].sort(([nameA, a], [nameB, b]) => weight(b) - weight(a) || (nameA < nameB ? -1 : 1));
    return hosts.slice(0, most).map(([host, entry]) => lineOf(host, entry));
  }

  #entry(host: string): HostEntry {
    let entry = this.#hosts.get(host);
    if (entry === undefined) {
      if (this.#hosts.size >= 2 * this.#maxHosts) this.#giveUpSmallest();
      entry = new HostEntry();
      this.#hosts.set(host, entry);
    }
    return entry;
  }

  #giveUpSmallest(): void {
    this.#isPartial = true;
    const ascending = [...this.#hosts].sort(([, a], [, b]) => a.rows - b.rows);
    for (const [host] of ascending.slice(0, ascending.length - this.#maxHosts)) this.#hosts.delete(host);
  }
}

function lineOf(host: string, { rows, fetched, failed, skipped, bytes, latency, errors }: HostEntry): HostLine {
  const [p50Ms, p95Ms] = [latency.quantile(0.5), latency.quantile(0.95)];
  const [topError] = mostFrequentFirst(errors)[0] ?? [];
  return { host, rows, fetched, failed, skipped, bytes, p50Ms, p95Ms, topError };
}
