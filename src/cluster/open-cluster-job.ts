/** Joining a job that lives on the server already, or making it from what the output folder knows. */
import { basename } from 'node:path';
import type { Clock } from '../clock.ts';
import type { FolderDestination } from '../destination/folder-destination.ts';
import { isFlowDcError } from '../errors.ts';
import { adoptRecords } from '../job/adopt-records.ts';
import { type DistributedMark, distributedError, readMark, removeMark, writeMark } from '../job/distributed-mark.ts';
import type { Job } from '../job/job-folder.ts';
import type { LocalCommitter } from '../job/local-committer.ts';
import type { UnitRecord } from '../record.ts';
import type { Cluster, ClusterChannel, JobDescription, JobOptions } from '../transport/cluster.ts';
import { bringHome, settleFiles } from './end-job.ts';

export interface OpenedJob {
  readonly channel: ClusterChannel;
  /** The job went on by itself since its submitter left. */
  readonly joined: boolean;
}

export interface FolderOfJob {
  readonly job: Job;
  readonly destination: FolderDestination;
  readonly committer: LocalCommitter;
  readonly clock: Clock;
}

/** A name that people recognise and that no other folder's job has: `photos-3f2a9c1d`. */
export function jobNameOf({ out, id }: Pick<Job, 'out' | 'id'>): string {
  const name = basename(out)
    .replaceAll(/[^A-Za-z0-9_-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 20);
  return [...(name === '' ? [] : [name]), id.slice(0, 8)].join('-');
}

/**
 * Make the job on the server, or go on with it. The folder's mark decides: with it a live job is the one whose workers
 * write here. Without it the folder went its own way meanwhile (a download, a cancel), so what the server has is
 * brought home as far as it still holds and the job is made anew from the folder's records.
 * Errors: FDC_ERR_JOB_MISMATCH when another folder's job has the name, FDC_ERR_JOB_DISTRIBUTED when the folder's mark
 * names another job or server.
 */
export async function openClusterJob(
  cluster: Cluster,
  id: string,
  description: JobDescription,
  folder: FolderOfJob,
  mark: Omit<DistributedMark, 'job'>,
): Promise<OpenedJob> {
  const { job, committer } = folder;
  const marked = await readMark(job.paths);
  if (marked !== undefined && marked.job !== id) throw distributedError(job.out, marked);
  const rollForward = async (record: UnitRecord): Promise<void> =>
    void (await settleFiles(folder.destination, record, folder.clock, false));
  const found = await attach(cluster, id, { rollForward });
  const isOurs = found?.description.folderId === description.folderId;
  if (found !== undefined && isOurs && marked !== undefined && (await isLive(found))) {
    await writeMark(job.paths, { ...mark, job: id });
    return { channel: found, joined: true };
  }
  // A server that never heard of a job which another one works on is the wrong server.
  if (found === undefined && marked !== undefined && !isSameServer(marked, mark))
    throw distributedError(job.out, marked);
  if (found !== undefined) await (isOurs ? retire(found, folder) : found[Symbol.asyncDispose]());
  // First the mark, then the job: nobody may write here unseen in between.
  await writeMark(job.paths, { ...mark, job: id });
  try {
    const channel = await cluster.createJob(id, description, { rollForward });
    await adoptRecords(channel, committer.records());
    return { channel, joined: false };
  } catch (error) {
    if (isFlowDcError(error) && error.code === 'FDC_ERR_JOB_MISMATCH') await removeMark(job.paths);
    throw error;
  }
}

async function attach(cluster: Cluster, id: string, options: JobOptions): Promise<ClusterChannel | undefined> {
  try {
    return await cluster.attachJob(id, options);
  } catch (error) {
    if (isFlowDcError(error) && error.code === 'FDC_ERR_JOB_MISSING') return undefined;
    throw error;
  }
}

async function isLive(channel: ClusterChannel): Promise<boolean> {
  return !channel.cancelled.aborted && (await channel.status()).state !== 'cancelled';
}

async function retire(channel: ClusterChannel, folder: FolderOfJob): Promise<void> {
  if (await isLive(channel)) await channel.cancel('its output folder was worked on elsewhere');
  await bringHome(channel.records(), folder, false);
  await channel.destroy();
  await channel[Symbol.asyncDispose]();
}

function isSameServer(before: DistributedMark, now: Omit<DistributedMark, 'job'>): boolean {
  return (before.own && now.own) || before.servers.some((server) => now.servers.includes(server));
}
