/**
 * What FLOW-DC's overview.json and its gather_run_stats say, for several outputs together: its keys, MB of 10^6 and TB
 * of 10^12 bytes.
 */

import { errorBreakdown, overviewSummary, percent, rounded } from '../dataset/seal/overview.ts';
import type { RecordTotals } from '../dataset/totals.ts';
import { duration } from '../format.ts';

/** One shard: FLOW-DC's partition. */
export interface ShardFigures {
  readonly rows: number;
  readonly fetched: number;
  readonly bytes: number;
  /** From its first row to its commit; absent when its stats file could not be read. */
  readonly elapsedMs?: number | undefined;
}

interface Spread {
  readonly min: number;
  readonly max: number;
  readonly avg: number;
}

export interface FlowDcReport {
  /** The overview.json of all outputs as one. */
  readonly overview: {
    readonly summary: ReturnType<typeof overviewSummary>;
    readonly error_breakdown: ReturnType<typeof errorBreakdown>;
  };
  /** The file that gather_run_stats writes. */
  readonly run_stats: {
    readonly run_info: { readonly run_date: string | null; readonly output_directory: readonly string[] };
    readonly taskvine_stats: {
      readonly run_start: string | null;
      readonly run_end: string | null;
      readonly total_wall_time_sec: number;
      readonly total_wall_time_human: string;
      readonly tasks_completed: number;
      readonly peak_workers: number;
      /** Shards with all that is in them, not the bodies alone. */
      readonly bytes_received_TB: number;
    };
    readonly download_stats: {
      readonly total_urls: number;
      readonly successful_downloads: number;
      readonly failed_downloads: number;
      readonly success_rate_percent: number;
      readonly total_downloaded_TB: number;
      readonly effective_throughput_MBps: number;
    };
    readonly error_breakdown: ReturnType<typeof errorBreakdown>;
    readonly partition_stats: {
      readonly count: number;
      readonly success_rate: Spread;
      readonly throughput_MBps: Spread;
    };
  };
}

/** Smallest, largest and mean of numbers that come one by one. */
class SpreadOf {
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #sum = 0;
  #count = 0;

  add(value: number): void {
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
    this.#sum += value;
    this.#count += 1;
  }

  read(): Spread {
    if (this.#count === 0) return { min: 0, max: 0, avg: 0 };
    return { min: rounded(this.#min, 2), max: rounded(this.#max, 2), avg: rounded(this.#sum / this.#count, 2) };
  }
}

/** Adds up shards for FLOW-DC's figures. */
export class FlowDcTally {
  readonly #successRates = new SpreadOf();
  readonly #throughputs = new SpreadOf();
  readonly #workers = new Set<string>();
  #artifactBytes = 0;
  #startMs = Number.POSITIVE_INFINITY;
  #endMs = Number.NEGATIVE_INFINITY;

  addShard({ rows, fetched, bytes, elapsedMs }: ShardFigures): void {
    if (rows > 0) this.#successRates.add((fetched / rows) * 100);
    if (elapsedMs !== undefined && elapsedMs > 0) this.#throughputs.add(bytes / 1e6 / (elapsedMs / 1000));
  }

  /** @param committedAtMs - wall clock */
  addRecord(worker: string, artifactBytes: number, committedAtMs: number): void {
    this.#workers.add(worker);
    this.#artifactBytes += artifactBytes;
    this.#startMs = Math.min(this.#startMs, committedAtMs);
    this.#endMs = Math.max(this.#endMs, committedAtMs);
  }

  /** @param startedAtMs - wall clock of a run or shard */
  addStart(startedAtMs: number): void {
    this.#startMs = Math.min(this.#startMs, startedAtMs);
  }

  report(
    totals: RecordTotals,
    job: { readonly workedMs: number; readonly complete: boolean; readonly outs: readonly string[] },
  ): FlowDcReport {
    const { workedMs, complete, outs } = job;
    const errors = errorBreakdown(totals);
    const start = Number.isFinite(this.#startMs) ? clockText(this.#startMs) : null;
    const megabytes = totals.bytes / 1e6;
    return {
      overview: {
        summary: overviewSummary(totals, { elapsedMs: workedMs, interrupted: !complete, tarPath: outs.join(', ') }),
        error_breakdown: errors,
      },
      run_stats: {
        run_info: { run_date: start?.slice(0, 10) ?? null, output_directory: outs },
        taskvine_stats: {
          run_start: start,
          run_end: Number.isFinite(this.#endMs) ? clockText(this.#endMs) : null,
          total_wall_time_sec: rounded(workedMs / 1000, 2),
          total_wall_time_human: duration(workedMs),
          tasks_completed: totals.units,
          peak_workers: this.#workers.size,
          bytes_received_TB: rounded(this.#artifactBytes / 1e12, 6),
        },
        download_stats: {
          total_urls: totals.rows,
          successful_downloads: totals.fetched,
          failed_downloads: totals.failed + totals.skipped,
          success_rate_percent: percent(totals.fetched, totals.rows),
          total_downloaded_TB: rounded(totals.bytes / 1e12, 6),
          effective_throughput_MBps: workedMs > 0 ? rounded(megabytes / (workedMs / 1000), 2) : 0,
        },
        error_breakdown: errors,
        partition_stats: {
          count: totals.units,
          success_rate: this.#successRates.read(),
          throughput_MBps: this.#throughputs.read(),
        },
      },
    };
  }
}

/** `2026-01-02 03:04:05`, UTC. */
function clockText(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 19).replace('T', ' ');
}
