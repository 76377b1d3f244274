/** Where the output of a job lies, as everybody sees it who has a part in the job. */
import type { Destination } from '../destination/destination.ts';
import type { FolderPaths } from '../destination/folder-layout.ts';
import type { DistributedMark } from '../job/distributed-mark.ts';
import type { JobFile } from '../job/job-file.ts';
import type { LocalCommitter } from '../job/local-committer.ts';
import type { UnitRecord } from '../record.ts';

/**
 * Bring a decided unit's files to their places, whoever staged them. Cheap when they are there.
 * @param patience - wait for files that another machine wrote a moment ago
 * @returns false when they are neither staged nor in their places
 */
export type Settle = (record: UnitRecord, patience: boolean) => Promise<boolean>;

export interface JobSite {
  /** For messages, and for other machines: an absolute path, or a URL. */
  readonly out: string;
  /** As it was found. */
  readonly job: JobFile;
  readonly destination: Destination;
  readonly committer: LocalCommitter;
  /** What stays on this machine: a server of our own, what was piped in, the timeline while it grows. */
  readonly paths: FolderPaths;
  /** So many records are brought home sooner at once than one after the other. */
  readonly width: number;
  readMark(): Promise<DistributedMark | undefined>;
  /** Only under the job's lock. */
  writeMark(mark: DistributedMark): Promise<void>;
  /** Idempotent. */
  removeMark(): Promise<void>;
  /** @returns undefined while somebody else holds the job's lock */
  tryLock(): Promise<{ release(): Promise<void> } | undefined>;
  readonly settle: Settle;
  /** The same for many records one after the other: what is there is looked up once. */
  settleMany(): Promise<Settle>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** The same for the one who holds the job's lock; closing it gives the lock back. */
export interface HeldSite extends JobSite {
  /** Things to tell the user, one line each. */
  readonly notices: readonly string[];
  /** Make records that were lost again. */
  adoptFromStats(): Promise<unknown>;
  /** The dataset is complete and sealed. */
  isFinished(): Promise<boolean>;
  /** Remember what was written beside the shards. */
  noteSealed(names: readonly string[]): Promise<void>;
}
