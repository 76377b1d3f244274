/**
 * How a job ends, whoever ends it: the output folder is the truth, so the server's records come home to it, each with
 * its artifacts in their final places, and after a cancel the folder is free again.
 */
import { readdir, stat } from 'node:fs/promises';
import { type Clock, sleep } from '../clock.ts';
import { totalOf } from '../dataset/totals.ts';
import { FolderDestination } from '../destination/folder-destination.ts';
import { finalPath, stagingFolder } from '../destination/folder-layout.ts';
import { LOOK_AGAIN_MS, VISIBLE_MS } from '../destination/folder-staging.ts';
import { FlowDcError, isFlowDcError } from '../errors.ts';
import { readMark, removeMark } from '../job/distributed-mark.ts';
import { assertJobFolder, type Job } from '../job/job-folder.ts';
import { createLocalCommitter, type LocalCommitter } from '../job/local-committer.ts';
import { acquireLock, type JobLock } from '../job/lock.ts';
import type { UnitId, UnitRecord } from '../record.ts';
import type { ClusterChannel, WorkerStatus } from '../transport/cluster.ts';
import { presentWorkers } from './job-report.ts';
import { findJoinFile, type JoinFile } from './reach-cluster.ts';

/** Workers look for a cancel at least this often, and say so within a second. */
const LET_GO_MS = 8_000;
const ASK_AGAIN_MS = 100;

export interface CancelResult {
  /**
   * What became of the output folder: `free` for a download or another submit, left to the `submit` that follows the
   * job, or `unseen` from this machine; `finished` when there was nothing to cancel.
   */
  readonly folder: 'free' | 'followed' | 'unseen' | 'finished';
  readonly out: string;
  /** Every unit had its record: what is left is to finish the folder. */
  readonly sealed: boolean;
  /** What a finished job has. */
  readonly rows?: number | undefined;
  readonly units?: number | undefined;
  /** The server that a submit left running for this job, if it runs on this machine: nobody needs it any more. */
  readonly server?: JoinFile['server'] | undefined;
}

/**
 * Cancel and tidy up. Records and outputs stay. A job whose dataset is finished, or is being finished by the submit
 * that follows it, stays as it is. Errors: FDC_ERR_TRANSPORT_*; FDC_ERR_DEST_*.
 */
export async function cancelJob(channel: ClusterChannel, reason: string, clock: Clock): Promise<CancelResult> {
  const { out } = channel.description;
  const sealed = (await channel.status()).state === 'sealed';
  if (sealed && (await isFollowed(channel))) return { folder: 'followed', out, sealed };
  try {
    await channel.cancel(reason);
    // Whoever finished the dataset said so on the server: that cannot be taken back.
    if (!channel.cancelled.aborted) {
      const { rows, units } = await totalOf(channel.records());
      return { folder: 'finished', out, sealed, rows, units, server: await strandedServer(channel) };
    }
    await workersGone(channel, clock, LET_GO_MS, ({ units }) => units.length > 0);
    const job = await jobSeenFromHere(channel);
    return job === undefined
      ? { folder: 'unseen', out, sealed }
      : { ...(await freeFolder(channel, job, clock)), sealed };
  } catch (error) {
    const isGone = isFlowDcError(error) && error.code === 'FDC_ERR_TRANSPORT_CONNECT';
    const job = isGone && channel.cancelled.aborted ? await jobSeenFromHere(channel) : undefined;
    if (job === undefined) throw error;
    const mark = await readMark(job.paths);
    // The submit that follows the job was quicker: it ended, and took the server that it had started with it.
    if (mark === undefined || mark.own === true) return { folder: 'followed', out, sealed };
    throw error;
  }
}

async function jobSeenFromHere({ description: { out, folderId } }: ClusterChannel): Promise<Job | undefined> {
  return assertJobFolder(out, folderId).catch((error: unknown) => {
    if (isFlowDcError(error)) return undefined;
    throw error;
  });
}

/** Somebody on this folder finishes what is left. */
async function isFollowed(channel: ClusterChannel): Promise<boolean> {
  const job = await jobSeenFromHere(channel);
  if (job === undefined) return false;
  const lock = await lockOf(job);
  await lock?.release();
  return lock === undefined;
}

/** One that was started for this job, whose submit was killed between the job's end and the server's. */
async function strandedServer(channel: ClusterChannel): Promise<JoinFile['server'] | undefined> {
  const job = await jobSeenFromHere(channel);
  const joined = job === undefined ? undefined : await findJoinFile(job.paths.joinFile);
  return joined?.job === channel.id ? joined.server : undefined;
}

/** @returns undefined while somebody else holds it */
async function lockOf({ paths }: Job): Promise<JobLock | undefined> {
  return acquireLock(paths.lockFile).catch((error: unknown) => {
    if (isFlowDcError(error) && error.code === 'FDC_ERR_JOB_LOCKED') return undefined;
    throw error;
  });
}

async function freeFolder(channel: ClusterChannel, job: Job, clock: Clock): Promise<Omit<CancelResult, 'sealed'>> {
  const { joinFile, layout, state } = job.paths;
  const lock = await lockOf(job);
  if (lock === undefined) return { folder: 'followed', out: job.out };
  try {
    const destination = new FolderDestination(job.out, { layout });
    await bringHome(channel.records(), { destination, committer: createLocalCommitter(state), clock }, true);
    const mark = await readMark(job.paths);
    if (mark?.job === channel.id) await removeMark(job.paths);
    const server = mark?.own === true ? (await findJoinFile(joinFile))?.server : undefined;
    return { folder: 'free', out: job.out, server };
  } finally {
    await lock.release();
  }
}

export interface Homecoming {
  /** Records that the folder did not have. */
  readonly adopted: number;
  /** Units whose record names files that are nowhere: they have to be done again. */
  readonly lost: readonly UnitId[];
}

/**
 * Move what a server has decided to its final places and write its records into the folder. Idempotent.
 * @param patience - wait for files that another machine wrote a moment ago
 * Errors: those of the destination.
 */
export async function bringHome(
  records: AsyncIterable<UnitRecord>,
  { destination, committer, clock }: { destination: FolderDestination; committer: LocalCommitter; clock: Clock },
  patience: boolean,
): Promise<Homecoming> {
  const staged = new Set(await stagedAttempts(destination));
  const lost: UnitId[] = [];
  let adopted = 0;
  for await (const record of records) {
    const decided = await committer.record(record.unit);
    if (decided !== undefined && decided.token !== record.token) continue;
    if (staged.has(`${record.unit}.${record.token}`)) await destination.rollForward(record);
    else if (!(await settleFiles(destination, record, clock, patience))) {
      lost.push(record.unit);
      continue;
    }
    if (decided === undefined && (await committer.commit(record)).won) adopted++;
  }
  return { adopted, lost };
}

/**
 * Bring a decided unit's files to their places, whoever staged them. Cheap when they are there.
 * @param patience - wait for files that another machine wrote a moment ago
 * @returns false when they are neither staged nor in their places
 */
export async function settleFiles(
  destination: FolderDestination,
  record: UnitRecord,
  clock: Clock,
  patience: boolean,
): Promise<boolean> {
  const endMs = clock.nowMs() + (patience ? VISIBLE_MS : 0);
  for (;;) {
    if (await isFinal(destination, record)) return true;
    if (await hasStaging(destination, record)) {
      await destination.rollForward(record);
      return true;
    }
    if (clock.nowMs() >= endMs) return false;
    await sleep(clock, LOOK_AGAIN_MS);
  }
}

async function isFinal(destination: FolderDestination, { artifacts }: UnitRecord): Promise<boolean> {
  for (const { name, bytes } of artifacts)
    if ((await bytesOf(finalPath(destination.paths, name))) !== bytes) return false;
  return true;
}

async function hasStaging(destination: FolderDestination, { unit, token }: UnitRecord): Promise<boolean> {
  return (await stat(stagingFolder(destination.paths, unit, token)).catch(() => undefined)) !== undefined;
}

async function stagedAttempts(destination: FolderDestination): Promise<string[]> {
  await destination.prepare();
  return readdir(destination.paths.staging);
}

async function bytesOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}

/** FDC_ERR_DEST_IO for units whose files vanished after they were committed. */
export function lostError(out: string, job: string, lost: readonly UnitId[]): FlowDcError {
  const shown = lost.slice(0, 3).join(', ') + (lost.length > 3 ? ` and ${lost.length - 3} more` : '');
  return new FlowDcError(
    'FDC_ERR_DEST_IO',
    `${out}: the files of unit ${shown} were committed and are gone; flow-dc cancel ${job}, then the same ` +
      'submit, does them again',
  );
}

/**
 * Wait, no longer than `patienceMs`, until no worker is there any more.
 * @param counts - those that are waited for; all by default
 */
export async function workersGone(
  channel: Pick<ClusterChannel, 'workers'>,
  clock: Clock,
  patienceMs: number,
  counts: (worker: WorkerStatus) => boolean = () => true,
): Promise<void> {
  for (const endMs = clock.nowMs() + patienceMs; clock.nowMs() < endMs; await sleep(clock, ASK_AGAIN_MS))
    if (!presentWorkers(await channel.workers(), clock, patienceMs).some(counts)) return;
}
