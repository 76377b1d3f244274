/**
 * What a report says. Plain JSON; every duration is in ms, every rate per second of work, every share between 0 and 1.
 * docs/report.md says where each figure comes from.
 */

import type { RecordTotals } from '../dataset/totals.ts';
import type { RunSpan } from '../job/timeline.ts';
import type { Advice } from './advice.ts';
import type { FlowDcReport } from './flow-dc-report.ts';
import type { HostTerms } from './host-terms.ts';
import type { RunPlot, TimePlot } from './plots.ts';
import type { Quantiles } from './row-counts.ts';
import type { HostLine, TimeReport } from './tally.ts';

export interface Rates {
  /** Time worked, over all runs. */
  readonly workedMs: number;
  readonly rowsPerSecond: number;
  readonly bytesPerSecond: number;
  /** Of the time worked, in which nothing was sent because the output took no more; absent where nobody measured it. */
  readonly heldShare?: number | undefined;
  /** The host that was all that was left for longest; absent for none. */
  readonly heldBy?: { readonly host: string; readonly ms: number } | undefined;
}

/** One output folder. */
export interface OutputReport extends RecordTotals {
  /** Absolute. */
  readonly out: string;
  readonly layout: 'shards' | 'files';
  /** Every row of the manifest is settled. */
  readonly complete: boolean;
  readonly runs: readonly RunSpan[];
  readonly rates: Rates;
  /** What uploads the shards and where to, for messages. */
  readonly upload?: string | undefined;
}

export interface ErrorLine extends Advice {
  readonly code: string;
  readonly rows: number;
  /** Of all rows. */
  readonly share: number;
  /** A later run may succeed. */
  readonly isTransient: boolean;
  readonly meaning: string;
}

export interface Report extends RecordTotals {
  readonly format: 'flow-dc-report-1';
  readonly generatedAtMs: number;
  readonly version: string;
  readonly complete: boolean;
  readonly outputs: readonly OutputReport[];
  readonly rates: Rates;
  readonly time: TimeReport;
  /** Send to headers, and send to last byte; of rows that got so far. */
  readonly latency: { readonly headers?: Quantiles | undefined; readonly total?: Quantiles | undefined };
  readonly hosts: {
    /** Different ones; a lower bound when `isPartial`. */
    readonly count: number;
    /** There were too many to keep: those with fewest rows are missing. */
    readonly isPartial: boolean;
    readonly byRows: readonly HostLine[];
    readonly byFailure: readonly HostLine[];
    /** What holds for those of `byRows`, as configurations and owners say. */
    readonly terms: readonly HostTerms[];
  };
  readonly errorLines: readonly ErrorLine[];
  /** Rows by flag of the outcome tables, such as `placeholder`. */
  readonly flags: Readonly<Record<string, number>>;
  /** What could not be read and is therefore missing above, a sentence each. */
  readonly gaps: readonly string[];
  /** FLOW-DC's own figures, under its own names. */
  readonly flowDc: FlowDcReport;
  /** What the plots show: at most some hundreds of points each. */
  readonly plots: { readonly time: TimePlot; readonly runs: readonly RunPlot[] };
}
