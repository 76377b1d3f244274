/** Bringing a job's queue, records and manifest together. */
import { resolveConfig } from '../config/resolve.ts';
import type { Config, ResolvedConfig } from '../config/types.ts';
import { isFlowDcError } from '../errors.ts';
import { assertJobFolder, type Job } from '../job/job-folder.ts';
import type { UnitId } from '../record.ts';
import type { ClusterChannel } from '../transport/cluster.ts';
import { forEachUnit, republish } from './cut-units.ts';

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
 * @param out - the output folder as this machine sees it; where the submitter had it by default
 * Errors: FDC_ERR_TRANSPORT_*; those of the manifest reader.
 */
export async function repairJob(
  channel: ClusterChannel,
  out: string | undefined,
  signal: AbortSignal,
): Promise<RepairReport> {
  const { total } = await channel.status();
  const folder = await findFolder(channel, out);
  if (typeof folder === 'string') return { ...(await channel.repair()), republished: 0, unchecked: folder };
  // Before the end of publishing, what is not there yet is not missing.
  if (total === undefined)
    return {
      ...(await channel.repair()),
      republished: 0,
      unchecked: 'the manifest is not published to its end; the same submit goes on',
    };
  const config = configOf(folder);
  const expected: UnitId[] = [];
  await forEachUnit(config, folder.paths, async ({ id }) => void expected.push(id), signal);
  const result = await channel.repair(expected);
  const republished = await republish(config, folder.paths, channel, result.missing, signal);
  return { ...result, republished };
}

async function findFolder(channel: ClusterChannel, out: string | undefined): Promise<Job | string> {
  try {
    return await assertJobFolder(out ?? channel.description.out, channel.description.folderId);
  } catch (error) {
    if (out !== undefined || !isFlowDcError(error)) throw error;
    return error.message;
  }
}

function configOf(job: Job): ResolvedConfig {
  return resolveConfig({ ...(job.settings as Config), output: job.out }, 'submit');
}
