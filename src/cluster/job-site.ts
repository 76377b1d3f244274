/** Where the output of a job lies, as everybody sees it who has a part in the job. */
import type { Destination } from '../destination/destination.ts';
import type { DistributedMark } from '../job/distributed-mark.ts';
import type { JobIdentity } from '../job/identity.ts';
import type { JobFile } from '../job/job-file.ts';
import type { LocalCommitter } from '../job/local-committer.ts';
import type { OpenJobOptions } from '../job/open-job.ts';
import type { StateFiles } from '../job/state-files.ts';
import type { UnitRecord } from '../record.ts';
import type { InputMemory, PipePlace } from '../run/input-memory.ts';
import type { ServerPaths } from './own-server.ts';

/**
 * Bring a decided unit's files to their places, whoever staged them. Cheap when they are there.
 * @param patience - wait for files that another machine wrote a moment ago
 * @returns false when they are neither staged nor in their places
 */
export type Settle = (record: UnitRecord, patience: boolean) => Promise<boolean>;

/** What a worker needs of it. */
export interface WorkSite {
  readonly destination: Destination;
  readonly settle: Settle;
  /**
   * Idempotent.
   * @param isOver - nobody works on the job any more: what it left on this machine goes
   */
  close(isOver?: boolean): Promise<void>;
}

export interface JobSite extends WorkSite {
  /** For messages, and for other machines: an absolute path, or a URL. */
  readonly out: string;
  /** As it was found. */
  readonly job: JobFile;
  readonly committer: LocalCommitter;
  readonly state: StateFiles;
  /** What a server of our own keeps on this machine. */
  readonly server: ServerPaths;
  /** What the job remembers of its input. */
  readonly memory: InputMemory;
  /** Where a pipe's bytes were kept, for an output that is no folder. */
  readonly pipe: PipePlace | undefined;
  /** Programs give files their names, and had better not meet: workers are let finish before it is done here. */
  readonly waitsForWorkers: boolean;
  /** So many records are brought home sooner at once than one after the other. */
  readonly width: number;
  readMark(): Promise<DistributedMark | undefined>;
  /** Only under the job's lock. */
  writeMark(mark: DistributedMark): Promise<void>;
  /** Idempotent. */
  removeMark(): Promise<void>;
  /** @returns undefined while somebody else holds the job's lock */
  tryLock(): Promise<{ release(): Promise<void> } | undefined>;
  /** `settle` for many records one after the other: what is there is looked up once. */
  settleMany(): Promise<Settle>;
  /** The job was cancelled: what costs something while it is left half done is given up now, under the job's lock. */
  giveUp(): Promise<void>;
}

/** The same for the one who holds the job's lock; closing it gives the lock back. */
export interface HeldSite extends JobSite {
  /** Things to tell the user, one line each. */
  readonly notices: readonly string[];
  /** Aborts when somebody else has taken the output over; the reason says who. */
  readonly lost: AbortSignal;
  /** A file on this machine. */
  readonly timeline: string;
  /** Make records that were lost again. */
  adoptFromStats(): Promise<unknown>;
  /** The dataset is complete and sealed. */
  isFinished(): Promise<boolean>;
  /** Remember what was written beside the shards. */
  noteSealed(names: readonly string[]): Promise<void>;
  /** The timeline is as it shall be found. @returns a notice for the user when that failed */
  keepTimeline(): Promise<string | undefined>;
}

/** An output that is not opened yet. */
export interface SiteToHold {
  readonly pipe: PipePlace | undefined;
  /** What the job that lies there goes by, not locked; undefined when there is none. Errors: those of reading it. */
  identity(): Promise<JobIdentity | undefined>;
  /** Make the job there, or come back to it, under its lock. Errors: those of openJob. */
  hold(identity: JobIdentity, options: OpenJobOptions): Promise<HeldSite>;
  /** Idempotent; also closes what is held. */
  close(): Promise<void>;
}
