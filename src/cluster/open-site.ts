/** Opens the place where a job's output lies, for those who find the job there and for the one who makes it. */
import type { Clock } from '../clock.ts';
import type { Config, ResolvedConfig } from '../config/types.ts';
import type { JobIdentity } from '../job/identity.ts';
import { assertJobFolder, openJob } from '../job/job-folder.ts';
import type { OpenJobOptions } from '../job/open-job.ts';
import type { JobDescription } from '../transport/cluster.ts';
import { FolderSite, HeldFolderSite } from './folder-site.ts';
import type { HeldSite, JobSite } from './job-site.ts';

/**
 * The output of a job on a server, as this machine reaches it.
 * @param own - what this machine was told itself; wins over the job's settings
 * Errors: FDC_ERR_JOB_MISSING, FDC_ERR_JOB_MISMATCH when another job lies there.
 */
export async function siteOf(
  { out, folderId }: Pick<JobDescription, 'out' | 'folderId' | 'settings'>,
  _own: Config,
  clock: Clock,
): Promise<JobSite> {
  return new FolderSite(await assertJobFolder(out, folderId), clock);
}

/** The output of a job that this process makes, or comes back to, under its lock. Errors: those of openJob. */
export async function holdSite(
  _config: ResolvedConfig,
  output: string,
  identity: JobIdentity,
  options: OpenJobOptions,
  clock: Clock,
): Promise<HeldSite> {
  return new HeldFolderSite(await openJob(output, identity, options), clock);
}
