/** Bringing a job's queue, records and manifest together. */
import { systemClock } from '../clock.ts';
import { resolveConfig } from '../config/resolve.ts';
import type { Config, ResolvedConfig } from '../config/types.ts';
import { isFlowDcError } from '../errors.ts';
import { keysAsBegun } from '../job/as-begun.ts';
import type { UnitId } from '../record.ts';
import type { ClusterChannel } from '../transport/cluster.ts';
import { forEachUnit, republish } from './cut-units.ts';
import type { JobSite } from './job-site.ts';
import { siteOf } from './open-site.ts';

export interface RepairReport {
  /** Messages of finished units that were taken out of the queue. */
  readonly removed: number;
  /** Messages that the server held back and gives out again. */
  readonly requeued: number;
  /** Units that had neither record nor message. */
  readonly missing: readonly UnitId[];
  /** How many of them were published again. */
  readonly republished: number;
  /** Why the manifest could not be compared with the queue, if so. */
  readonly unchecked?: string | undefined;
}

/**
 * Bring a job's queue, records and manifest together.
 * @param out - the output as this machine sees it; where the submitter had it by default
 * Errors: FDC_ERR_TRANSPORT_*; those of the manifest reader.
 */
export async function repairJob(
  channel: ClusterChannel,
  out: string | undefined,
  signal: AbortSignal,
): Promise<RepairReport> {
  const site = await findSite(channel, out);
  if (typeof site === 'string') return { ...(await channel.repair()), republished: 0, unchecked: site };
  try {
    return await repairFrom(site, channel, signal);
  } finally {
    await site.close();
  }
}

async function repairFrom(site: JobSite, channel: ClusterChannel, signal: AbortSignal): Promise<RepairReport> {
  const { total } = await channel.status();
  // Before the end of publishing, what is not there yet is not missing.
  if (total === undefined)
    return {
      ...(await channel.repair()),
      republished: 0,
      unchecked: 'the manifest is not published to its end; the same submit goes on',
    };
  const config = configOf(site);
  const expected: UnitId[] = [];
  await forEachUnit(config, site, async ({ id }) => void expected.push(id), signal);
  const result = await channel.repair(expected);
  const republished = await republish(config, site, channel, result.missing, signal);
  return { ...result, republished };
}

async function findSite({ description }: ClusterChannel, out: string | undefined): Promise<JobSite | string> {
  try {
    return await siteOf({ ...description, out: out ?? description.out }, {}, systemClock);
  } catch (error) {
    if (out !== undefined || !isFlowDcError(error)) throw error;
    return error.message;
  }
}

function configOf({ job, out }: JobSite): ResolvedConfig {
  const begun = keysAsBegun(job.identity, job.settings);
  return resolveConfig({ ...(job.settings as Config), ...begun, output: out }, 'submit');
}
