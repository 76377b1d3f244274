/** Ending a job from anywhere: its workers let go, and its output folder, where it can be seen, is free again. */
import { type Clock, sleep } from '../clock.ts';
import { FolderDestination } from '../destination/folder-destination.ts';
import { isFlowDcError } from '../errors.ts';
import { readMark, removeMark } from '../job/distributed-mark.ts';
import { assertJobFolder, type Job } from '../job/job-folder.ts';
import { createLocalCommitter } from '../job/local-committer.ts';
import { acquireLock } from '../job/lock.ts';
import type { ClusterChannel } from '../transport/cluster.ts';
import { bringHome } from './bring-home.ts';
import { findJoinFile, type JoinFile } from './join-file.ts';

export interface CancelResult {
  /**
   * What became of the output folder: `free` for a download or another submit, left to the `submit` that follows the
   * job, or `unseen` from this machine.
   */
  readonly folder: 'free' | 'followed' | 'unseen';
  readonly out: string;
  /** The server that a submit left running for this job, if it runs on this machine: nobody needs it any more. */
  readonly server?: JoinFile['server'] | undefined;
}

/** Workers look for a cancel at least this often, and say so within a second. */
const LET_GO_MS = 8_000;

/** Cancel and tidy up. Records and outputs stay. Errors: FDC_ERR_TRANSPORT_*; FDC_ERR_DEST_*. */
export async function cancelJob(channel: ClusterChannel, reason: string, clock: Clock): Promise<CancelResult> {
  await channel.cancel(reason);
  await workersLetGo(channel, clock);
  const { out, folderId } = channel.description;
  const job = await assertJobFolder(out, folderId).catch((error: unknown) => {
    if (isFlowDcError(error)) return undefined;
    throw error;
  });
  return job === undefined ? { folder: 'unseen', out } : freeFolder(channel, job, clock);
}

async function freeFolder(channel: ClusterChannel, job: Job, clock: Clock): Promise<CancelResult> {
  const { lockFile, joinFile, layout, state } = job.paths;
  const lock = await acquireLock(lockFile).catch((error: unknown) => {
    if (isFlowDcError(error) && error.code === 'FDC_ERR_JOB_LOCKED') return undefined;
    throw error;
  });
  if (lock === undefined) return { folder: 'followed', out: job.out };
  try {
    const destination = new FolderDestination(job.out, { layout });
    await bringHome(channel.records(), { destination, committer: createLocalCommitter(state), clock }, true);
    const mark = await readMark(job.paths);
    if (mark?.job === channel.id) await removeMark(job.paths);
    const server = mark?.own === true ? (await findJoinFile(joinFile))?.server : undefined;
    return { folder: 'free', out: job.out, ...(server === undefined ? {} : { server }) };
  } finally {
    await lock.release();
  }
}

async function workersLetGo(channel: ClusterChannel, clock: Clock): Promise<void> {
  for (const endMs = clock.nowMs() + LET_GO_MS; clock.nowMs() < endMs; await sleep(clock, 250)) {
    const nowMs = clock.wallMs();
    const holding = (await channel.workers()).filter(
      ({ units, atMs, state }) => state !== 'gone' && units.length > 0 && nowMs - atMs < LET_GO_MS,
    );
    if (holding.length === 0) return;
  }
}
