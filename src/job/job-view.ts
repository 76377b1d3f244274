/** A job that is there, seen from outside: nothing is locked by looking at it. */
import type { DatasetFiles } from '../dataset/files/dataset-files.ts';
import { FolderFiles } from '../dataset/files/folder-files.ts';
import { type DistributedMark, readMark } from './distributed-mark.ts';
import type { JobFile } from './job-file.ts';
import { readJob } from './job-folder.ts';
import { createLocalCommitter, type LocalCommitter } from './local-committer.ts';
import { acquireLock, lockHolder } from './lock.ts';
import type { LockHolder } from './lock-holder.ts';
import { markForRepair, type UnitToRepair } from './repair-mark.ts';

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
}

/** The job of a folder. Errors: FDC_ERR_JOB_MISSING. */
export async function viewJob(out: string): Promise<JobView> {
  const job = await readJob(out);
  const { paths } = job;
  return {
    ...job,
    files: new FolderFiles(paths),
    decided: createLocalCommitter(paths.state),
    mark: () => readMark(paths),
    holder: () => lockHolder(paths.lockFile),
    lock: () => acquireLock(paths.lockFile),
    markForRepair: (units) => markForRepair(paths, units),
  };
}
