/** Opens a job that is there, in a folder or in a store, to be looked at. */
import { systemClock } from '../../clock.ts';
import type { DatasetFiles } from '../../dataset/files/dataset-files.ts';
import { FolderFiles } from '../../dataset/files/folder-files.ts';
import { UploadedFiles } from '../../dataset/files/uploaded-files.ts';
import { parseDestination } from '../../destination/destination-name.ts';
import type { FolderDestination } from '../../destination/folder-destination.ts';
import { folderOf } from '../../destination/tool/folder-of.ts';
import { ToolDestination } from '../../destination/tool/tool-destination.ts';
import type { S3Settings } from '../../store/s3/settings.ts';
import type { StoreUrl } from '../../store/store-url.ts';
import { readMark } from '../distributed-mark.ts';
import { type Job, readJob } from '../job-folder.ts';
import { uploadOfJob } from '../job-upload.ts';
import { createLocalCommitter } from '../local-committer.ts';
import { acquireLock, lockHolder } from '../lock.ts';
import { folderRemoval } from '../removal-place.ts';
import { markForRepair } from '../repair-mark.ts';
import { folderState } from '../state-files.ts';
import type { JobView } from './job-view.ts';

/** The files of a folder's job, in the folder and where else it has brought them. */
function filesOf({ out, settings, identity }: Job, store: S3Settings): DatasetFiles {
  const upload = uploadOfJob(settings, identity.createTar);
  const isGiven = (store.proxy ?? store.noProxy) !== undefined;
  return filesOfFolder(folderOf(isGiven ? { ...upload, store } : upload, out));
}

/** The same of a job that is opened. */
export function filesOfFolder(destination: FolderDestination): DatasetFiles {
  const { paths } = destination;
  return destination instanceof ToolDestination ? new UploadedFiles(paths, destination.remote) : new FolderFiles(paths);
}

/**
 * The job at a destination.
 * @param dest - a folder, or a URL of a store
 * Errors: FDC_ERR_JOB_MISSING; FDC_ERR_CONFIG_INVALID for a name that is neither; those of the store.
 */
export async function viewJob(dest: string, settings: S3Settings = {}): Promise<JobView> {
  const name = parseDestination(dest);
  return name.kind === 'store' ? viewStore(name.url, settings) : viewFolder(dest, settings);
}

async function viewFolder(out: string, settings: S3Settings): Promise<JobView> {
  const job = await readJob(out);
  const { paths } = job;
  return {
    ...job,
    files: filesOf(job, settings),
    decided: createLocalCommitter(paths.state),
    state: folderState(paths),
    removal: folderRemoval(paths),
    mark: () => readMark(paths),
    holder: () => lockHolder(paths.lockFile),
    lock: () => acquireLock(paths.lockFile),
    markForRepair: (units) => markForRepair(paths, units),
    close: async () => {},
  };
}

/** Loaded only for a store. */
async function viewStore(url: StoreUrl, settings: S3Settings): Promise<JobView> {
  const { openObjectStore } = await import('../../store/s3/open-object-store.ts');
  const { viewStoreJob } = await import('./store-view.ts');
  const store = await openObjectStore(url, settings);
  try {
    return await viewStoreJob(store, systemClock);
  } catch (error) {
    await store.close();
    throw error;
  }
}
