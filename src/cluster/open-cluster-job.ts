/** Joining a job that lives on the server already, or making it from what its output knows. */
import { basename } from 'node:path';
import { isFlowDcError } from '../errors.ts';
import { adoptRecords } from '../job/adopt-records.ts';
import { type DistributedMark, distributedError } from '../job/distributed-mark.ts';
import type { UnitRecord } from '../record.ts';
import type { Cluster, ClusterChannel, JobDescription, JobOptions } from '../transport/cluster.ts';
import { bringHome } from './end-job.ts';
import type { JobSite } from './job-site.ts';

export interface OpenedJob {
  readonly channel: ClusterChannel;
  /** The job went on by itself since its submitter left. */
  readonly joined: boolean;
}

/** A name that people recognise and that no other output's job has: `photos-3f2a9c1d`. */
export function jobNameOf({ out, id }: { readonly out: string; readonly id: string }): string {
  const name = basename(out)
    .replaceAll(/[^A-Za-z0-9_-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 20);
  return [...(name === '' ? [] : [name]), id.slice(0, 8)].join('-');
}

/**
 * Make the job on the server, or go on with it. The output's mark decides: with it a live job is the one whose workers
 * write here. Without it the output went its own way meanwhile (a download, a cancel), so what the server has is
 * brought home as far as it still holds and the job is made anew from the output's records.
 * Errors: FDC_ERR_JOB_MISMATCH when another output's job has the name, FDC_ERR_JOB_DISTRIBUTED when the mark names
 * another job or server.
 */
export async function openClusterJob(
  cluster: Cluster,
  id: string,
  description: JobDescription,
  site: JobSite,
  mark: Omit<DistributedMark, 'job'>,
): Promise<OpenedJob> {
  const marked = await site.readMark();
  if (marked !== undefined && marked.job !== id) throw distributedError(site.out, marked);
  const rollForward = async (record: UnitRecord): Promise<void> => void (await site.settle(record, false));
  const found = await attach(cluster, id, { rollForward });
  const isOurs = found?.description.folderId === description.folderId;
  if (found !== undefined && isOurs && marked !== undefined && (await isLive(found))) {
    await site.writeMark({ ...mark, job: id });
    return { channel: found, joined: true };
  }
  // A server that never heard of a job which another one works on is the wrong server.
  if (found === undefined && marked !== undefined && !isSameServer(marked, mark))
    throw distributedError(site.out, marked);
  if (found !== undefined) await (isOurs ? retire(found, site) : found[Symbol.asyncDispose]());
  // First the mark, then the job: nobody may write here unseen in between.
  await site.writeMark({ ...mark, job: id });
  try {
    const channel = await cluster.createJob(id, description, { rollForward });
    await adoptRecords(channel, site.committer.records());
    return { channel, joined: false };
  } catch (error) {
    if (isFlowDcError(error) && error.code === 'FDC_ERR_JOB_MISMATCH') await site.removeMark();
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

async function retire(channel: ClusterChannel, site: JobSite): Promise<void> {
  if (await isLive(channel)) await channel.cancel('its output folder was worked on elsewhere');
  await bringHome(channel.records(), site, false);
  await channel.destroy();
  await channel[Symbol.asyncDispose]();
}

function isSameServer(before: DistributedMark, now: Omit<DistributedMark, 'job'>): boolean {
  return (before.own && now.own) || before.servers.some((server) => now.servers.includes(server));
}
