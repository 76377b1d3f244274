/** A job that is there, in a folder or in a store, seen from outside: nothing is locked by looking at it. */
import type { DatasetFiles } from '../../dataset/files/dataset-files.ts';
import type { DistributedMark } from '../distributed-mark.ts';
import type { JobFile } from '../job-file.ts';
import type { LocalCommitter } from '../local-committer.ts';
import type { LockHolder } from '../lock-holder.ts';
import type { RemovalPlace } from '../removal-place.ts';
import type { UnitToRepair } from '../repair-mark.ts';
import type { StateFiles } from '../state-files.ts';

export interface JobView extends JobFile {
  /** The output: an absolute path, or a URL. */
  readonly out: string;
  readonly files: DatasetFiles;
  readonly decided: Pick<LocalCommitter, 'record' | 'records'>;
  readonly state: StateFiles;
  /** Where samples are taken out, under the job's lock. */
  readonly removal: RemovalPlace;
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

/** Whether a deletion by `--overwrite` was begun and not finished: whoever opens the job next finishes it. */
export async function isBeingCleared({ files }: Pick<JobView, 'files'>): Promise<boolean> {
  return (await files.state('overwrite').look()) !== undefined;
}

/** For the user. @param out - of the job */
export function clearingLine(out: string): string {
  return `an --overwrite of ${out} was cut short: the next download or resume deletes what is recorded and begins anew`;
}
