/** Opens the place where a job's output lies, for those who find the job there and for the one who makes it. */
import type { Clock } from '../clock.ts';
import type { Config, ResolvedConfig } from '../config/types.ts';
import { parseDestination } from '../destination/destination-name.ts';
import { hasOwnFolders } from '../destination/tool/folder-of.ts';
import { FlowDcError } from '../errors.ts';
import { findJob } from '../job/job-file.ts';
import { assertJobFolder, openJob } from '../job/job-folder.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { JobDescription } from '../transport/cluster.ts';
import { FolderSite, HeldFolderSite } from './folder-site.ts';
import type { JobSite, SiteToHold, WorkSite } from './job-site.ts';
import { refuseSecondRun } from './refuse-second-run.ts';
import { UploadSite } from './upload-site.ts';
import { workerConfig } from './worker.ts';

/** How whoever opens a place waits for it. */
export interface Waiting {
  /** Told of what it waits for, a line each. */
  readonly onWait?: ((line: string) => void) | undefined;
  /** From then on it waits no longer than it must. */
  readonly stop?: AbortSignal | undefined;
}

/**
 * The output of a job on a server, as this machine reaches it: a store with the credentials of this process.
 * @param own - what this machine was told itself; wins over the job's settings
 * Errors: FDC_ERR_JOB_MISSING, FDC_ERR_JOB_MISMATCH when another job lies there; those of the store.
 */
export async function siteOf(
  { out, folderId, settings }: Pick<JobDescription, 'out' | 'folderId' | 'settings'>,
  own: Config,
  clock: Clock,
  waiting: Waiting = {},
): Promise<JobSite> {
  if (parseDestination(out).kind !== 'store') return new FolderSite(await assertJobFolder(out, folderId), clock);
  const { openOutputStore, readStoreJob, StoreSite, clusterFolder } = await import('./store-parts.ts');
  const store = await openOutputStore(out, workerConfig(settings, own), { clock, onWait: waiting.onWait });
  hurried(store, waiting);
  try {
    const job = await readStoreJob(store);
    const folder = clusterFolder(store);
    if (job.id === folderId) {
      await folder.make();
      const site = new StoreSite(job, clock, folder);
      await site.destination.bringRemoved();
      return site;
    }
    throw new FlowDcError(
      'FDC_ERR_JOB_MISMATCH',
      `${store.name} belongs to job ${job.id}, expected job ${folderId}; another store of that name is reached here`,
    );
  } catch (error) {
    await store.close();
    throw error;
  }
}

/**
 * The same for a worker, which needs no folder of another machine where it can do without.
 * @param out - where the output lies on this machine, when not where the submitter sees it
 */
export async function workSiteOf(
  description: Pick<JobDescription, 'out' | 'folderId' | 'settings'>,
  out: string | undefined,
  own: Config,
  clock: Clock,
  waiting: Waiting = {},
): Promise<WorkSite> {
  const config = workerConfig(description.settings, own);
  if (hasOwnFolders(config)) return UploadSite.open(config, description.folderId, clock);
  return siteOf({ ...description, out: out ?? description.out }, own, clock, waiting);
}

/**
 * The output of a job that this process is going to make, or to come back to.
 * Errors: those of the store; FDC_ERR_CONFIG_INVALID for an upload that several machines cannot make.
 */
export async function siteToHold(
  config: ResolvedConfig,
  output: string,
  clock: Clock,
  waiting: Waiting = {},
): Promise<SiteToHold> {
  // Two workers may have the same unit for a while, and neither may write into the other's shard.
  if (config.sink.cloudStream && !hasOwnFolders(config))
    throw new FlowDcError(
      'FDC_ERR_CONFIG_INVALID',
      'cloud_stream: cloud_put_command cannot rename, so workers cannot stream by it; leave one of the two out',
    );
  if (parseDestination(output).kind !== 'store')
    return {
      pipe: undefined,
      identity: async () => (await findJob(output))?.job.identity,
      hold: async (identity, options) =>
        refuseSecondRun(new HeldFolderSite(await openJob(output, identity, options), clock)),
      close: async () => {},
    };
  const { openOutputStore, storeToHold } = await import('./store-parts.ts');
  const notices: string[] = [];
  const { onWait } = waiting;
  const store = await openOutputStore(output, config, { clock, onWait, onNotice: (line) => notices.push(line) });
  hurried(store, waiting);
  return storeToHold(store, config.sink.createTar ? 'shards' : 'files', clock, notices, onWait);
}

/** A store that does not answer is not waited for when somebody says stop. */
function hurried(store: ObjectStore, { stop }: Waiting): void {
  if (stop?.aborted === true) store.hurry();
  else stop?.addEventListener('abort', () => store.hurry(), { once: true });
}
