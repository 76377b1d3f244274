/** What `estimate` finds: the shape of its --json output, and of what estimateManifest resolves to. */
import type { RowCode } from '../row-codes.ts';
import type { RowsEstimate, TotalEstimate } from './stratified-sample.ts';

export interface ManifestEstimate {
  readonly rows: number;
  /** Rows whose size was asked for, and what came of it. */
  readonly sample: {
    readonly rows: number;
    readonly seed: number;
    readonly strata: number;
    readonly sized: number;
    readonly failed: number;
    readonly unresolved: number;
  };
  /**
   * Bytes of all bodies that a download would store, with a 95 % interval: failed rows have none, unresolved ones are
   * taken to be like the others for `total` and `high`, and to have none for `low`. Absent when no size could be
   * learnt.
   */
  readonly bytes?: TotalEstimate | undefined;
  /** Rows that would be fetched, unresolved ones not among them. */
  readonly fetched: RowsEstimate;
  /**
   * Rows whose size could not be learnt and that a later attempt might store; their codes are among the failures,
   * marked transient.
   */
  readonly unresolved: RowsEstimate & { readonly sampled: number };
  /** By code, most rows first. Rows whose URL cannot be requested are counted, not estimated. */
  readonly failures: readonly ExpectedFailure[];
  /** The 20 with most bytes, of those that have a sample of their own. */
  readonly hosts: readonly HostEstimate[];
  readonly probes: {
    /**
     * Questions by kind, retries not counted. `whole`: bodies that had to be read because no header told their size.
     */
    readonly head: number;
    readonly range: number;
    readonly whole: number;
    /** Hosts whose HEAD tells other sizes than GET; their rows were asked by GET. */
    readonly liars: readonly string[];
    readonly elapsedMs: number;
  };
  readonly time: ProjectedTime;
  /** Present when a destination was named. */
  readonly disk?: DiskRoom | undefined;
}

export interface ExpectedFailure extends RowsEstimate {
  readonly code: RowCode;
  /** A later attempt may succeed. */
  readonly transient: boolean;
  readonly sampled: number;
}

export interface HostEstimate {
  readonly host: string;
  readonly rows: number;
  readonly sampled: number;
  readonly sized: number;
  /** Per fetched row. */
  readonly meanBytes: number;
  /** All of the host's rows. */
  readonly bytes: number;
}

export interface ProjectedTime {
  /** Requests alone, at the pace of the probes; absent when nothing answered. */
  readonly requestsMs?: number | undefined;
  /** Which host takes that long; absent when it is the number of downloads at once. */
  readonly slowestHost?:
    | { readonly host: string; readonly rows: number; readonly requestsPerSecond: number }
    | undefined;
  /** The bytes alone, over a line of that many megabits per second. */
  readonly transferMs?: { readonly at100Mbit: number; readonly at1Gbit: number } | undefined;
}

export interface DiskRoom {
  readonly path: string;
  readonly freeBytes: number;
  /** Upper end of the interval, and 2 KiB a row for headers, padding, metadata and tables. */
  readonly neededBytes: number;
  readonly fits: boolean;
}
