/** Counts and latency by host. */
import { LatencySketch } from './latency-sketch.ts';

/** One row of an outcome table, as far as a report needs it. Numbers are NaN where the table has none. */
export interface OutcomeRow {
  readonly host: string;
  readonly status: string;
  /** '' for stored rows. */
  readonly code: string;
  readonly bytes: number;
  readonly headersMs: number;
  readonly totalMs: number;
  readonly fetchedAtMs: number;
  readonly flags: readonly string[];
}

/** A host in a report. */
export interface HostLine {
  readonly host: string;
  readonly rows: number;
  readonly stored: number;
  readonly failed: number;
  readonly skipped: number;
  readonly bytes: number;
  /** Send to headers, of rows that got headers; absent without any. */
  readonly p50Ms?: number;
  readonly p95Ms?: number;
  /** The code that most of its rows have that were not stored. */
  readonly topError?: string;
}

interface Entry {
  rows: number;
  stored: number;
  failed: number;
  skipped: number;
  bytes: number;
  readonly latency: LatencySketch;
  readonly errors: Map<string, number>;
}

/** Hosts that are kept; at about 600 bytes each. */
const MAX_HOSTS = 50_000;

/** Counts by host. Beyond twice `maxHosts` those with fewest rows are given up, so that memory stays bounded. */
export class HostTable {
  readonly #hosts = new Map<string, Entry>();
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

  add({ host, status, code, bytes, headersMs }: OutcomeRow): void {
    const entry = this.#entry(host);
    entry.rows += 1;
    if (status === 'fetched') {
      entry.stored += 1;
      entry.bytes += bytes;
    } else {
      if (status === 'skipped') entry.skipped += 1;
      else entry.failed += 1;
      entry.errors.set(code, (entry.errors.get(code) ?? 0) + 1);
    }
    entry.latency.add(headersMs);
  }

  /** The hosts with most rows. */
  byRows(most: number): HostLine[] {
    return this.#top(most, (entry) => entry.rows);
  }

  /** The hosts with most failed rows; none that did not fail. */
  byFailure(most: number): HostLine[] {
    return this.#top(most, (entry) => entry.failed).filter(({ failed }) => failed > 0);
  }

  #top(most: number, weight: (entry: Entry) => number): HostLine[] {
    const hosts = [...this.#hosts].sort(([nameA, a], [nameB, b]) => weight(b) - weight(a) || (nameA < nameB ? -1 : 1));
    return hosts.slice(0, most).map(([host, entry]) => lineOf(host, entry));
  }

  #entry(host: string): Entry {
    let entry = this.#hosts.get(host);
    if (entry === undefined) {
      if (this.#hosts.size >= 2 * this.#maxHosts) this.#giveUpSmallest();
      entry = { rows: 0, stored: 0, failed: 0, skipped: 0, bytes: 0, latency: new LatencySketch(), errors: new Map() };
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

function lineOf(host: string, { rows, stored, failed, skipped, bytes, latency, errors }: Entry): HostLine {
  const [p50Ms, p95Ms] = [latency.quantile(0.5), latency.quantile(0.95)];
  const [topError] = [...errors].sort(([codeA, a], [codeB, b]) => b - a || (codeA < codeB ? -1 : 1))[0] ?? [];
  return {
    ...{ host, rows, stored, failed, skipped, bytes },
    ...(p50Ms === undefined ? {} : { p50Ms }),
    ...(p95Ms === undefined ? {} : { p95Ms }),
    ...(topError === undefined ? {} : { topError }),
  };
}
