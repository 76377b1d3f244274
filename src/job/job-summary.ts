/** How a job stands after a run. */
import type { SealFindings } from '../dataset/seal/seal-dataset.ts';
import type { RecordTotals } from '../dataset/totals.ts';
import type { FlowDcError } from '../errors.ts';
import type { RunSpan } from './timeline.ts';

/** What was put aside, in all. */
export interface KeptSum {
  readonly units: number;
  readonly rows: number;
  /** Of stored bodies. */
  readonly bytes: number;
}

/** How a job stands after a run. */
export interface JobSummary extends RecordTotals, Partial<SealFindings> {
  /** Every row of the manifest is settled. */
  readonly complete: boolean;
  /** The output folder, absolute; `none:` when nothing is kept, `-` for a stream. */
  readonly out: string;
  /** Of this run alone, milliseconds. */
  readonly elapsedMs: number;
  /** Why the run was stopped by itself: more of its rows failed than may. Goes on as after an interruption. */
  readonly stopped?: FlowDcError | undefined;
  /** What was fetched of units that are half done, and is not fetched again; absent when nothing was. */
  readonly kept?: KeptSum | undefined;
  /** Every run of the job that is known, this one last. */
  readonly runs: readonly RunSpan[];
  /** What uploads the shards and where to, for messages: `the upload by gocmd to birds`. */
  readonly upload?: string | undefined;
  /** Rows and bytes that earlier runs had settled, in how many units, and whether that was a finished dataset. */
  readonly before: {
    readonly rows: number;
    readonly bytes: number;
    readonly units?: number | undefined;
    readonly finished?: boolean | undefined;
  };
}
