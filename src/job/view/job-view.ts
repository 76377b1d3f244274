/** A job that is there, in a folder or in a store, seen from outside: nothing is locked by looking at it. */
import type { DatasetFiles } from '../../dataset/files/dataset-files.ts';
import type { DistributedMark } from '../distributed-mark.ts';
import type { JobFile } from '../job-file.ts';
import type { LocalCommitter } from '../local-committer.ts';
import type { LockHolder } from '../lock-holder.ts';
import type { UnitToRepair } from '../repair-mark.ts';

export interface JobView extends JobFile {
  /** The output: an absolute path, or a URL. */
  readonly out: string;
  readonly files: DatasetFiles;
  readonly decided: Pick<LocalCommitter, 'record' | 'records'>;
  /** Set while workers of a job on a server write to the output. */
  mark(): Promise<DistributedMark | undefined>;
  /** Who writes to the output now. */
  holder(): Promise<LockHolder | undefined>;
  /** Errors: FDC_ERR_JOB_LOCKED. */
  lock(): Promise<{ release(): Promise<void> }>;
  /** Whoever opens the job next takes these units back. */
  markForRepair(units: readonly UnitToRepair[]): Promise<void>;
  /** Call once nothing more is asked. Idempotent. */
  close(): Promise<void>;
}
