/**
 * How a job ends, whoever ends it: the output folder is the truth, so the server's records come home to it, each with
 * its artifacts in their final places, and after a cancel the folder is free again.
 */
import { type Clock, sleep } from '../clock.ts';
import { totalOf } from '../dataset/totals.ts';
import { FlowDcError, isFlowDcError } from '../errors.ts';
import type { UnitId, UnitRecord } from '../record.ts';
import { inOrder } from '../structures/in-order.ts';
import type { ClusterChannel, WorkerStatus } from '../transport/cluster.ts';
import { presentWorkers } from './job-report.ts';
import type { JobSite } from './job-site.ts';
import { siteOf } from './open-site.ts';
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
  const site = await siteSeenFromHere(channel, clock);
  try {
    return await cancelAt(site, channel, { out, sealed, reason, clock });
  } finally {
    await site?.close();
  }
}

async function cancelAt(
  site: JobSite | undefined,
  channel: ClusterChannel,
  { out, sealed, reason, clock }: { out: string; sealed: boolean; reason: string; clock: Clock },
): Promise<CancelResult> {
  if (sealed && (await isFollowed(site))) return { folder: 'followed', out, sealed };
  try {
    await channel.cancel(reason);
    // Whoever finished the dataset said so on the server: that cannot be taken back.
    if (!channel.cancelled.aborted) {
      const { rows, units } = await totalOf(channel.records());
      return { folder: 'finished', out, sealed, rows, units, server: await strandedServer(site, channel) };
    }
    await workersGone(channel, clock, LET_GO_MS, ({ units }) => units.length > 0);
    return site === undefined ? { folder: 'unseen', out, sealed } : { ...(await freeSite(channel, site)), sealed };
  } catch (error) {
    const isGone = isFlowDcError(error) && error.code === 'FDC_ERR_TRANSPORT_CONNECT';
    if (site === undefined || !isGone || !channel.cancelled.aborted) throw error;
    const mark = await site.readMark();
    // The submit that follows the job was quicker: it ended, and took the server that it had started with it.
    if (mark === undefined || mark.own === true) return { folder: 'followed', out, sealed };
    throw error;
  }
}

async function siteSeenFromHere({ description }: ClusterChannel, clock: Clock): Promise<JobSite | undefined> {
  return siteOf(description, {}, clock).catch((error: unknown) => {
    if (isFlowDcError(error)) return undefined;
    throw error;
  });
}

/** Somebody who holds the output finishes what is left. */
async function isFollowed(site: JobSite | undefined): Promise<boolean> {
  if (site === undefined) return false;
  const lock = await site.tryLock();
  await lock?.release();
  return lock === undefined;
}

/** One that was started for this job, whose submit was killed between the job's end and the server's. */
async function strandedServer(
  site: JobSite | undefined,
  channel: ClusterChannel,
): Promise<JoinFile['server'] | undefined> {
  const joined = site === undefined ? undefined : await findJoinFile(site.server.joinFile);
  return joined?.job === channel.id ? joined.server : undefined;
}

async function freeSite(channel: ClusterChannel, site: JobSite): Promise<Omit<CancelResult, 'sealed'>> {
  const { out, server: kept } = site;
  const lock = await site.tryLock();
  if (lock === undefined) return { folder: 'followed', out };
  try {
    await bringHome(channel.records(), site, true);
    await site.giveUp();
    const mark = await site.readMark();
    if (mark?.job === channel.id) await site.removeMark();
    const server = mark?.own === true ? (await findJoinFile(kept.joinFile))?.server : undefined;
    return { folder: 'free', out, server };
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
 * Move what a server has decided to its final places and write its records beside it. Idempotent.
 * @param patience - wait for files that another machine wrote a moment ago
 * Errors: those of the destination.
 */
export async function bringHome(
  records: AsyncIterable<UnitRecord>,
  site: JobSite,
  patience: boolean,
): Promise<Homecoming> {
  const { committer, width } = site;
  const settle = await site.settleMany();
  const lost: UnitId[] = [];
  let adopted = 0;
  const bring = async (record: UnitRecord): Promise<void> => {
    const decided = await committer.record(record.unit);
    if (decided !== undefined && decided.token !== record.token) return;
    if (!(await settle(record, patience))) lost.push(record.unit);
    else if (decided === undefined && (await committer.commit(record)).won) adopted += 1;
  };
  for await (const _ of inOrder(records, width, bring));
  return { adopted, lost };
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
