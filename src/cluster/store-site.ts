/** The output of a job in an object store: no machine needs to see a folder of another. */
import { readdir, rm, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Clock } from '../clock.ts';
import { StoreDestination } from '../destination/store/store-destination.ts';
import { finalStore, type StoreArea } from '../destination/store/store-layout.ts';
import { isFlowDcError } from '../errors.ts';
import type { DistributedMark } from '../job/distributed-mark.ts';
import type { JobFile } from '../job/job-file.ts';
import type { LocalCommitter } from '../job/local-committer.ts';
import type { StateFiles } from '../job/state-files.ts';
import { createStoreCommitter } from '../job/store/store-committer.ts';
import { readStoreMark, removeStoreMark, type StoreJob, writeStoreMark } from '../job/store/store-job.ts';
import { acquireStoreLock, type StoreLock } from '../job/store/store-lock.ts';
import { storeState } from '../job/store/store-state.ts';
import type { UnitId, UnitRecord } from '../record.ts';
import { RunFolder } from '../run/run-folder.ts';
import { StoreMemory } from '../run/store-memory.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { JobSite, Settle } from './job-site.ts';
import type { ServerPaths } from './own-server.ts';

/** Records that are brought home at once: each takes some requests. Chosen. */
const WIDTH = 16;
/** Data of a server of our own. */
const SERVER = 'nats';

/** What the job's processes on this machine have in common here; apart from the folder of a download. */
export function clusterFolder(store: ObjectStore): RunFolder {
  return new RunFolder(`${store.name} by workers`);
}

export class StoreSite implements JobSite {
  readonly out: string;
  readonly job: JobFile;
  readonly destination: StoreDestination;
  readonly committer: LocalCommitter;
  readonly state: StateFiles;
  readonly server: ServerPaths;
  readonly memory: StoreMemory;
  readonly waitsForWorkers = false;
  readonly width = WIDTH;
  protected readonly area: StoreArea;
  readonly #clock: Clock;
  readonly #folder: RunFolder;

  /** @param lock - where this process holds it: without it nothing is decided here but by the job's server */
  constructor(job: StoreJob, clock: Clock, folder: RunFolder, lock?: StoreLock) {
    const { output, layout } = job.area;
    this.out = output.name;
    this.job = job;
    this.area = job.area;
    this.#clock = clock;
    this.#folder = folder;
    this.state = storeState(job.area);
    this.destination = new StoreDestination(output, { layout, localFolder: folder.root, clock });
    this.committer = createStoreCommitter(job.area.state, async () => lock?.assertHeld());
    this.memory = new StoreMemory(job.area, folder);
    this.server = { joinFile: join(folder.root, 'worker.json'), serverFolder: join(folder.root, SERVER) };
  }

  get pipe(): StoreMemory {
    return this.memory;
  }

  readMark(): Promise<DistributedMark | undefined> {
    return readStoreMark(this.area);
  }

  writeMark(mark: DistributedMark): Promise<void> {
    return writeStoreMark(this.area, mark);
  }

  removeMark(): Promise<void> {
    return removeStoreMark(this.area);
  }

  tryLock(): Promise<StoreLock | undefined> {
    return acquireStoreLock(this.area.state, { clock: this.#clock }).catch((error: unknown) => {
      if (isFlowDcError(error) && error.code === 'FDC_ERR_JOB_LOCKED') return undefined;
      throw error;
    });
  }

  /** Completing an upload is for everybody, so there is nothing to wait for. */
  readonly settle: Settle = async (record) => {
    try {
      await this.destination.rollForward(record);
      return true;
    } catch (error) {
      if (!isFlowDcError(error) || error.code !== 'FDC_ERR_DEST_IO' || (await this.#isThere(record))) throw error;
      return false;
    }
  };

  async settleMany(): Promise<Settle> {
    return this.settle;
  }

  giveUp(): Promise<void> {
    const { destination, committer } = this;
    const isDecided = async (unit: UnitId, token: string): Promise<boolean> =>
      (await committer.record(unit))?.token === token;
    return destination.sweep(isDecided, () => committer.records());
  }

  async close(isOver = false): Promise<void> {
    await this.area.output.close();
    const { root } = this.#folder;
    const isOurs = (name: string): boolean => name !== basename(this.server.joinFile) && name !== SERVER;
    for (const name of isOver ? (await readdir(root).catch(() => [])).filter(isOurs) : [])
      await rm(join(root, name), { recursive: true, force: true });
    // Others work there as long as it holds anything.
    await rmdir(this.destination.spillFolder).catch(() => {});
    await this.#folder.remove(false, false);
  }

  /** Rejects where the store cannot be asked. */
  async #isThere({ artifacts }: UnitRecord): Promise<boolean> {
    for (const { name, bytes } of artifacts)
      if ((await finalStore(this.area, name).head(name))?.bytes !== bytes) return false;
    return true;
  }
}
