/** The output of a job in a folder that all machines see. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { type Clock, sleep } from '../clock.ts';
import { SUCCESS_FILE } from '../dataset/seal/seal-dataset.ts';
import type { FolderDestination } from '../destination/folder-destination.ts';
import { type FolderPaths, finalPath } from '../destination/folder-layout.ts';
import { LOOK_AGAIN_MS, VISIBLE_MS } from '../destination/folder-staging.ts';
import { folderOf, hasOwnFolders } from '../destination/tool/folder-of.ts';
import { isFlowDcError } from '../errors.ts';
import { adoptFromStats } from '../job/adopt-records.ts';
import { type DistributedMark, readMark, removeMark, writeMark } from '../job/distributed-mark.ts';
import { noteSealed } from '../job/job-file.ts';
import type { Job, OpenJob } from '../job/job-folder.ts';
import { uploadOfJob } from '../job/job-upload.ts';
import { createLocalCommitter, type LocalCommitter } from '../job/local-committer.ts';
import { acquireLock, type JobLock } from '../job/lock.ts';
import { folderState, type StateFiles } from '../job/state-files.ts';
import { folderMemory, type InputMemory } from '../run/input-memory.ts';
import type { HeldSite, JobSite, Settle } from './job-site.ts';
import type { ServerPaths } from './own-server.ts';

export class FolderSite implements JobSite {
  readonly out: string;
  readonly job: Job;
  readonly destination: FolderDestination;
  readonly committer: LocalCommitter;
  readonly state: StateFiles;
  readonly server: ServerPaths;
  readonly memory: InputMemory;
  readonly pipe = undefined;
  readonly waitsForWorkers: boolean;
  readonly width: number;
  readonly #paths: FolderPaths;
  readonly #clock: Clock;

  constructor(job: Job, clock: Clock) {
    const { paths } = job;
    this.out = job.out;
    this.job = job;
    this.#paths = paths;
    this.server = paths;
    this.state = folderState(paths);
    this.memory = folderMemory(paths);
    const upload = uploadOfJob(job.settings, paths.layout === 'shards');
    this.destination = folderOf(upload, paths.output, { clock });
    this.waitsForWorkers = hasOwnFolders(upload);
    // A program takes its time, and four of them run at once.
    this.width = this.waitsForWorkers ? 4 : 1;
    this.committer = createLocalCommitter(paths.state);
    this.#clock = clock;
  }

  readMark(): Promise<DistributedMark | undefined> {
    return readMark(this.#paths);
  }

  writeMark(mark: DistributedMark): Promise<void> {
    return writeMark(this.#paths, mark);
  }

  async removeMark(): Promise<void> {
    await this.destination.leave(this.job.id);
    await removeMark(this.#paths);
  }

  tryLock(): Promise<JobLock | undefined> {
    return acquireLock(this.#paths.lockFile).catch((error: unknown) => {
      if (isFlowDcError(error) && error.code === 'FDC_ERR_JOB_LOCKED') return undefined;
      throw error;
    });
  }

  readonly settle: Settle = async (record, patience) => {
    const endMs = this.#clock.nowMs() + (patience ? VISIBLE_MS : 0);
    for (;;) {
      if (await this.destination.settle(record)) return true;
      if (this.#clock.nowMs() >= endMs) return false;
      await sleep(this.#clock, LOOK_AGAIN_MS);
    }
  };

  async settleMany(): Promise<Settle> {
    await this.destination.prepare();
    await this.destination.lookAgain();
    const staged = new Set(await readdir(this.#paths.staging));
    return async (record, patience) => {
      if (!staged.has(`${record.unit}.${record.token}`)) return this.settle(record, patience);
      await this.destination.rollForward(record);
      return true;
    };
  }

  giveUp(): Promise<void> {
    return this.destination.sweepAttempts(async (unit, token) => (await this.committer.record(unit))?.token === token);
  }

  async close(): Promise<void> {}
}

/** A folder that this process alone may write to. */
export class HeldFolderSite extends FolderSite implements HeldSite {
  readonly timeline: string;
  /** A lock that is a file is not taken away from who is at work. */
  readonly lost: AbortSignal = new AbortController().signal;
  readonly #held: OpenJob;

  constructor(job: OpenJob, clock: Clock) {
    super(job, clock);
    this.#held = job;
    this.timeline = job.paths.timeline;
  }

  get notices(): readonly string[] {
    return this.#held.notices;
  }

  async adoptFromStats(): Promise<void> {
    await adoptFromStats(this.#held.paths);
  }

  async isFinished(): Promise<boolean> {
    return existsSync(finalPath(this.#held.paths, SUCCESS_FILE));
  }

  noteSealed(names: readonly string[]): Promise<void> {
    return noteSealed(this.#held.paths, names);
  }

  /** It grew in its place. */
  async keepTimeline(): Promise<undefined> {}

  override close(): Promise<void> {
    return this.#held.close();
  }
}
