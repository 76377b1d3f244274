/** The output of a job in an object store, held by the one who submits the job. */
import type { Clock } from '../clock.ts';
import { SUCCESS_FILE } from '../dataset/seal/seal-dataset.ts';
import { finalStore, storeArea } from '../destination/store/store-layout.ts';
import type { JobIdentity } from '../job/identity.ts';
import type { OpenJobOptions } from '../job/open-job.ts';
import { adoptFromStoredStats } from '../job/store/adopt-store-records.ts';
import { STATE_KEYS } from '../job/store/state-keys.ts';
import {
  findStoreJob,
  type OpenStoreJob,
  openStoreJob,
  readStoreJobFile,
  writeStoreJobFile,
} from '../job/store/store-job.ts';
import type { RunFolder } from '../run/run-folder.ts';
import { fetchFile, putSmallFile, StoreMemory } from '../run/store-memory.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { HeldSite, SiteToHold } from './job-site.ts';
import { refuseSecondRun } from './refuse-second-run.ts';
import { clusterFolder, StoreSite } from './store-site.ts';

class HeldStoreSite extends StoreSite implements HeldSite {
  readonly notices: readonly string[];
  readonly timeline: string;
  readonly lost: AbortSignal;
  readonly #held: OpenStoreJob;

  constructor(
    job: OpenStoreJob,
    clock: Clock,
    folder: RunFolder,
    { notices, lost }: Pick<HeldSite, 'notices' | 'lost'>,
  ) {
    super(job, clock, folder, job.lock);
    this.#held = job;
    this.notices = [...notices, ...job.notices];
    this.lost = lost;
    this.timeline = folder.timeline;
  }

  async adoptFromStats(): Promise<void> {
    if (this.#held.resumed) await adoptFromStoredStats(this.area, this.committer, this.committer.records());
  }

  async isFinished(): Promise<boolean> {
    return (await finalStore(this.area, SUCCESS_FILE).head(SUCCESS_FILE)) !== undefined;
  }

  async noteSealed(sealed: readonly string[]): Promise<void> {
    await this.#held.lock.assertHeld();
    const job = await readStoreJobFile(this.area);
    if (job !== undefined) await writeStoreJobFile(this.area, { ...job, sealed });
  }

  async keepTimeline(): Promise<string | undefined> {
    try {
      if (!this.lost.aborted) await putSmallFile(this.area.state, STATE_KEYS.timeline, this.timeline);
      return undefined;
    } catch (error) {
      return `${(error as Error).message}; a report will lack this run`;
    }
  }

  override async close(isOver?: boolean): Promise<void> {
    // Where that fails, the lock is found stale by whoever comes next.
    if (!this.lost.aborted) await this.#held.close().catch(() => {});
    await super.close(isOver);
  }
}

/** @param notices - what the store cannot do, a line each; may grow until it is held */
export function storeToHold(
  store: ObjectStore,
  layout: 'shards' | 'files',
  clock: Clock,
  notices: readonly string[],
  onWait?: (line: string) => void,
): SiteToHold {
  const folder = clusterFolder(store);
  const memory = new StoreMemory(storeArea(store, layout), folder);
  const lost = new AbortController();
  const hold = async (identity: JobIdentity, options: OpenJobOptions): Promise<HeldSite> => {
    const onLost = (error: Error): void => lost.abort(error);
    const job = await openStoreJob(store, identity, { ...options, clock, onWait, onLost });
    await memory.bring();
    await fetchFile(job.area.state, STATE_KEYS.timeline, folder.timeline);
    return refuseSecondRun(new HeldStoreSite(job, clock, folder, { notices, lost: lost.signal }));
  };
  const close = async (): Promise<void> => {
    await store.close();
    await folder.remove(false, false);
  };
  const identity = async (): Promise<JobIdentity | undefined> => (await findStoreJob(store))?.identity;
  return { pipe: memory, identity, hold, close };
}
