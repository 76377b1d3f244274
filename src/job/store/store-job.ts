/** Opening a prefix of an object store for a job: ours or empty, same job or none, and one writer at a time. */
import { SUCCESS_FILE } from '../../dataset/seal/seal-dataset.ts';
import { statsOf } from '../../dataset/unit-files.ts';
import type { FolderLayout } from '../../destination/folder-layout.ts';
import { finalStore, hasPlaceBeside, type StoreArea, storeArea } from '../../destination/store/store-layout.ts';
import { FlowDcError, isFlowDcError } from '../../errors.ts';
import type { UnitId, UnitRecord } from '../../record.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { type DistributedMark, formatMark, parseMark } from '../distributed-mark.ts';
import type { JobIdentity } from '../identity.ts';
import { formatJobFile, type JobFile, parseJobFile } from '../job-file.ts';
import { RECORDS_FOLDER } from '../local-committer.ts';
import { type HeldJob, type JobHome, type OpenJobOptions, openAt } from '../open-job.ts';
import { removedNotices } from '../removal-mark.ts';
import { finishRemoval } from '../remove-samples.ts';
import { formatRepairMark, parseRepairMark, takenNotices, type UnitToRepair } from '../repair-mark.ts';
import { nameOfKey, readText, STATE_KEYS } from './state-keys.ts';
import { clearStore, leftOverObjects, refuseForeignObjects, removeAll, removeListed } from './store-claim.ts';
import { createStoreCommitter, recordKey } from './store-committer.ts';
import { acquireStoreLock, type StoreLock, type StoreLockOptions } from './store-lock.ts';
import { storeRemoval } from './store-removal.ts';

/** A million units. */
const MOST_REPAIR_BYTES = 128 * 1024 * 1024;

/** A job as its store tells it. */
export interface StoreJob extends JobFile {
  /** The output as messages say it: `s3://bucket/prefix`. */
  readonly out: string;
  readonly area: StoreArea;
}

/** A job that this process alone may write to, until it is closed. */
export interface OpenStoreJob extends StoreJob, HeldJob {
  readonly lock: StoreLock;
}

/**
 * Make or reopen a job in a store and lock it. Errors: those of openJob, and of the store.
 */
export async function openStoreJob(
  output: ObjectStore,
  identity: JobIdentity,
  options: OpenJobOptions & StoreLockOptions,
): Promise<OpenStoreJob> {
  const found = await findStoreJob(output);
  if (found === undefined) await refuseForeignObjects(output);
  const wanted = new StoreHome(storeArea(output, identity.createTar ? 'shards' : 'files'), options);
  const home = found === undefined ? undefined : new StoreHome(found.area, options);
  const job = await openAt(wanted, home, identity, options);
  return { ...job, area: wanted.area, lock: wanted.held as StoreLock };
}

/** The job that lies in a store, not locked. Errors: FDC_ERR_JOB_MISSING when there is none. */
export async function readStoreJob(output: ObjectStore): Promise<StoreJob> {
  const found = await findStoreJob(output);
  if (found !== undefined) return found;
  throw new FlowDcError(
    'FDC_ERR_JOB_MISSING',
    `${output.name} holds no flow-dc job; name the prefix that was given to -o, or start one with download`,
  );
}

/** The job of a prefix, wherever its layout keeps the state, not locked; undefined when there is none. */
export async function findStoreJob(output: ObjectStore): Promise<StoreJob | undefined> {
  const layouts: readonly FolderLayout[] = hasPlaceBeside(output) ? ['shards', 'files'] : ['shards'];
  for (const layout of layouts) {
    const area = storeArea(output, layout);
    const job = await readStoreJobFile(area);
    if (job !== undefined) return { ...job, out: output.name, area };
  }
  return undefined;
}

/** @returns undefined when there is no job.json. Errors: see readJobFile. */
export async function readStoreJobFile({ state }: StoreArea): Promise<JobFile | undefined> {
  const text = await readText(state, STATE_KEYS.job);
  return text === undefined ? undefined : parseJobFile(text, nameOfKey(state, STATE_KEYS.job));
}

/** Replace job.json as a whole: only under the job's lock. */
export async function writeStoreJobFile({ state }: StoreArea, job: JobFile): Promise<void> {
  await state.put(STATE_KEYS.job, formatJobFile(job));
}

/** @returns undefined when no other machine works on the output */
export async function readStoreMark({ state }: StoreArea): Promise<DistributedMark | undefined> {
  const text = await readText(state, STATE_KEYS.distributed);
  return text === undefined ? undefined : parseMark(text, nameOfKey(state, STATE_KEYS.distributed));
}

/** Only under the job's lock. */
export async function writeStoreMark({ state }: StoreArea, mark: DistributedMark): Promise<void> {
  await state.put(STATE_KEYS.distributed, formatMark(mark));
}

/** Idempotent. */
export async function removeStoreMark({ state }: StoreArea): Promise<void> {
  await state.remove([STATE_KEYS.distributed]);
}

/** Whoever opens the job next takes these units back. */
export async function markStoreForRepair({ state }: StoreArea, units: readonly UnitToRepair[]): Promise<void> {
  await state.put(STATE_KEYS.repair, formatRepairMark(units));
}

/** A job in an object store. */
class StoreHome implements JobHome {
  readonly layout: FolderLayout;
  readonly out: string;
  readonly area: StoreArea;
  held: StoreLock | undefined;
  readonly #options: StoreLockOptions;

  constructor(area: StoreArea, options: StoreLockOptions) {
    this.area = area;
    this.layout = area.layout;
    this.out = area.output.name;
    this.#options = options;
  }

  async lock(): Promise<StoreLock> {
    this.held = await acquireStoreLock(this.area.state, this.#options);
    return this.held;
  }

  readJob(): Promise<JobFile | undefined> {
    return readStoreJobFile(this.area);
  }

  writeJob(job: JobFile): Promise<void> {
    return writeStoreJobFile(this.area, job);
  }

  readMark(): Promise<DistributedMark | undefined> {
    return readStoreMark(this.area);
  }

  removeMark(): Promise<void> {
    return removeStoreMark(this.area);
  }

  async isBeingCleared(): Promise<boolean> {
    return (await this.area.state.head(STATE_KEYS.overwrite)) !== undefined;
  }

  async clear(): Promise<void> {
    await this.area.state.put(STATE_KEYS.overwrite, '');
    await clearStore(this.area);
  }

  async endClearing(): Promise<void> {
    await this.area.state.remove([STATE_KEYS.overwrite]);
  }

  /** Of loose files alone the state lies elsewhere, so that it may be there without them. */
  async refuseLost(): Promise<void> {
    const { output, state } = this.area;
    if (this.layout !== 'files' || !(await hasAny(state, `${RECORDS_FOLDER}/`))) return;
    // A run that was killed between its first commit and the move of its files has them in staging.
    if ((await hasAny(state, 'staging/')) || (await hasAny(output, ''))) return;
    throw new FlowDcError(
      'FDC_ERR_DEST_FOREIGN',
      `${output.name} is empty, but ${state.name} says that its files were stored; bring them back, or use ` +
        '--overwrite to begin anew',
    );
  }

  /** An object appears whole. */
  async sweepRecords(): Promise<void> {}

  async takeBackMarked(): Promise<readonly string[]> {
    const taken = await takeBackMarked(this.area);
    const removed = await finishRemoval(storeRemoval(this.area, async () => this.held?.assertHeld()));
    return [...taken, ...removedNotices(removed)];
  }

  leftOver(): Promise<readonly string[]> {
    return leftOverObjects(this.area.output);
  }

  removeState(): Promise<void> {
    return removeAll(this.area.state);
  }
}

/**
 * Take back what is marked: only under the job's lock. May be cut short at any point and done again: the dataset is
 * unfinished before anything is taken back, and a record goes after whatever it could be made again from.
 */
async function takeBackMarked(area: StoreArea): Promise<string[]> {
  const { state } = area;
  const text = await readText(state, STATE_KEYS.repair, MOST_REPAIR_BYTES);
  if (text === undefined) return [];
  const marked = parseRepairMark(text, nameOfKey(state, STATE_KEYS.repair));
  await finalStore(area, SUCCESS_FILE).remove([SUCCESS_FILE]);
  let taken = 0;
  for (const unit of marked) if (await takeBack(area, unit)) taken += 1;
  await state.remove([STATE_KEYS.repair]);
  return takenNotices(taken);
}

async function takeBack(area: StoreArea, { unit, token }: UnitToRepair): Promise<boolean> {
  const record = await recordNow(area, unit);
  // Done again already, by whoever was cut short here before.
  if (record?.token !== token) return false;
  if (record !== undefined && area.layout === 'files') await removeListed(area, record);
  // A record that cannot be read is made again from its unit's stats, if those are there and fit the shard.
  if (record !== undefined) await finalStore(area, statsOf(record)).remove([statsOf(record)]);
  await area.state.remove([recordKey(unit)]);
  return true;
}

async function recordNow({ state }: StoreArea, unit: UnitId): Promise<UnitRecord | undefined> {
  try {
    return await createStoreCommitter(state).record(unit);
  } catch (error) {
    // What the store itself answers is no reason to take anything back.
    if (isFlowDcError(error) && error.code === 'FDC_ERR_DEST_IO' && (await state.head(recordKey(unit))) !== undefined)
      return undefined;
    throw error;
  }
}

async function hasAny(store: ObjectStore, prefix: string): Promise<boolean> {
  for await (const { key } of store.list(prefix)) if (key !== '') return true;
  return false;
}
