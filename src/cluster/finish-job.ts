/** The end of a submitted job, for the one who holds its output: everything is home and sealed, or it was cancelled. */
import type { Clock } from '../clock.ts';
import type { ResolvedConfig } from '../config/types.ts';
import { type SealFindings, sealDataset } from '../dataset/seal/seal-dataset.ts';
import { FlowDcError } from '../errors.ts';
import type { JobSummary } from '../job/job-summary.ts';
import type { JobInput } from '../run/job-input.ts';
import { sealInfo } from '../run/seal-info.ts';
import type { ClusterChannel } from '../transport/cluster.ts';
import { bringHome, lostError, workersGone } from './end-job.ts';
import type { HeldSite } from './job-site.ts';

/** A worker that is not heard of for so long has died: what it left to do is done here. Chosen. */
const FINISHING_MS = 15_000;

export interface Finishing {
  readonly config: ResolvedConfig;
  readonly input: JobInput;
  readonly site: HeldSite;
  readonly clock: Clock;
}

/** Every record and its files are in the folder, and nothing else of the job's attempts. */
export async function bringAllHome({ site, clock }: Finishing, channel: ClusterChannel): Promise<void> {
  if (site.waitsForWorkers) await workersGone(channel, clock, FINISHING_MS, ({ units }) => units.length > 0);
  const { destination, committer } = site;
  const { lost } = await bringHome(channel.records(), site, true);
  if (lost.length > 0) throw lostError(site.out, channel.id, lost);
  const isDecided = async (unit: string, token: string) => (await committer.record(unit))?.token === token;
  await destination.sweep(isDecided, () => committer.records());
}

/** The dataset is sealed, the server told, the folder anybody's again. */
export async function finish(
  submission: Finishing,
  channel: ClusterChannel,
  summary: JobSummary,
): Promise<SealFindings> {
  const { config, input, site, clock } = submission;
  await site.destination.assertOwn?.(site.committer.records());
  const info = sealInfo(config, input, site.job, summary, clock.wallMs());
  const { files, found } = await sealDataset(site.destination, site.committer.records(), info);
  await site.noteSealed(files);
  await channel.finish();
  await site.removeMark();
  return found;
}

/** Somebody ended the job: what was committed is kept here, and the folder is free for whoever goes on. */
export async function cancelledError({ site }: Finishing, channel: ClusterChannel): Promise<FlowDcError> {
  await bringHome(channel.records(), site, false);
  await site.giveUp();
  await site.removeMark();
  return new FlowDcError(
    'FDC_ERR_JOB_CANCELLED',
    `job ${channel.id} was cancelled; what was committed stays, the same submit or a download into ${site.out} goes on`,
  );
}
