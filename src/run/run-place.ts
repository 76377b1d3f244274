/** What a run needs of the place where it works. */
import type { WorkSurroundings } from '../chain.ts';
import type { ResolvedConfig } from '../config/types.ts';
import type { RecordTotals } from '../dataset/totals.ts';
import type { FlowDcError } from '../errors.ts';
import type { JobSummary } from '../job/job-summary.ts';
import type { LocalCommitter } from '../job/local-committer.ts';
import type { WorkForce } from '../threads/force.ts';
import type { PipePlace } from './input-memory.ts';
import type { JobInput } from './job-input.ts';
import type { Beginnings, Past } from './past.ts';

/** What a run finds when it begins. */
export interface Beginning {
  /** What earlier runs had settled. */
  readonly before: RecordTotals;
  /** Things to tell the user, one line each. */
  readonly notices: readonly string[];
  /** The dataset was finished before. */
  readonly isFinished: boolean;
  /** What is to come, and was before. Absent where there is no job, and where nothing is left to do. */
  readonly past?: Past | undefined;
  readonly beginnings?: Beginnings | undefined;
}

export interface Place extends WorkSurroundings {
  readonly committer: LocalCommitter;
  /** What is half done is put aside at an interrupt, on a disk. */
  readonly putsAside?: boolean | undefined;
  /** Where a pipe's bytes go, for a place that is no folder. */
  readonly pipe?: PipePlace | undefined;
  /**
   * The configuration, with what a job that lies there goes by. Looks only. Errors: those of reading a job.
   * @param given - keys that somebody gave, which are left as they are
   */
  asBegun?(given: Readonly<Record<string, unknown>>): Promise<ResolvedConfig>;
  /** Classes that have numbers already, in their order, where a manifest was added to the first one. Looks only. */
  numbered?(): Promise<readonly string[] | undefined>;
  /** Make it ours. Errors: those of openJob. */
  open(input: JobInput, settings: Readonly<Record<string, unknown>>): Promise<Beginning>;
  /**
   * Keep note of a run while it works.
   * @param onLost - told when the place is somebody else's from now on
   * @returns ends that, with what went wrong, a line each
   */
  watch(force: WorkForce, onLost: (error: FlowDcError) => void): () => Promise<readonly string[]>;
  /** The run was told to stop: what is under way may end, and nobody waits for what is away. */
  hurry?(): void;
  /** The run stops now: what is under way may end, and what does not is given up. */
  halt?(): void;
  /** What there is now; a complete dataset is sealed. */
  conclude(input: JobInput, beginning: Beginning, complete: boolean, elapsedMs: number): Promise<JobSummary>;
  /** Give it back. Idempotent. */
  close(): Promise<void>;
}
