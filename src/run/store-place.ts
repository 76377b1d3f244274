/** A run's place in an object store: the job and its dataset there, what is needed meanwhile in a temporary folder. */
import { existsSync } from 'node:fs';
import { type Clock, sleep } from '../clock.ts';
import type { ResolvedConfig } from '../config/types.ts';
import { StoreFiles } from '../dataset/files/store-files.ts';
import { CHECKSUMS_FILE, unitsInSums } from '../dataset/seal/checksums.ts';
import { SUCCESS_FILE, sealDataset } from '../dataset/seal/seal-dataset.ts';
import { type RecordTotals, totalOf } from '../dataset/totals.ts';
import { StoreDestination } from '../destination/store/store-destination.ts';
import { finalStore, type StoreArea } from '../destination/store/store-layout.ts';
import type { FlowDcError } from '../errors.ts';
import { keysAsBegun, withBegun } from '../job/as-begun.ts';
import { readParts } from '../job/extensions.ts';
import { identityOf } from '../job/identity.ts';
import type { JobSummary } from '../job/job-summary.ts';
import type { LocalCommitter } from '../job/local-committer.ts';
import { adoptFromStoredStats } from '../job/store/adopt-store-records.ts';
import { openOutputStore } from '../job/store/open-output.ts';
import { nameOfKey, readText, STATE_KEYS } from '../job/store/state-keys.ts';
import { createStoreCommitter } from '../job/store/store-committer.ts';
import {
  findStoreJob,
  type OpenStoreJob,
  openStoreJob,
  readStoreJobFile,
  writeStoreJobFile,
} from '../job/store/store-job.ts';
import { storeState } from '../job/store/store-state.ts';
import { readRunSpans, TimelineRecorder } from '../job/timeline.ts';
import type { UnitId } from '../record.ts';
import { HostProfiles } from '../stages/fetch/schedule/host-profiles.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { WorkForce } from '../threads/force.ts';
import { CardKeeper, tellingCommitter } from './card-keeper.ts';
import { loadHostProfiles, saveHostProfiles } from './host-profile-file.ts';
import type { JobInput } from './job-input.ts';
import { comesAfter } from './other-input.ts';
import { beginningsOf, readPast } from './past.ts';
import { keepQuotas, type QuotaPlace, quotasInStore } from './quota-file.ts';
import { RunFolder } from './run-folder.ts';
import { RunGauge } from './run-gauge.ts';
import type { Beginning, Place } from './run-place.ts';
import { sealInfo } from './seal-info.ts';
import { type SettledDataset, settledDataset } from './settled-rows.ts';
import { fetchFile, putSmallFile, StoreMemory } from './store-memory.ts';

/** So long giving the place back may take: a store that is away is not waited for. Chosen. */
const CLOSE_MS = 10_000;
/** From a stop on, for uploads to be aborted and the lock to be given back. Who asks to stop at once waits for 4 s. */
const HALT_MS = 2_500;

/** Open the store of an output. Errors: see openOutputStore. */
export async function openStorePlace(
  config: ResolvedConfig,
  output: string,
  clock: Clock,
  onWait?: (line: string) => void,
): Promise<Place> {
  const notices: string[] = [];
  const store = await openOutputStore(output, config, { clock, onWait, onNotice: (line) => notices.push(line) });
  return new StorePlace(config, store, clock, notices, onWait);
}

/** Made by openStorePlace. */
export class StorePlace implements Place {
  readonly destination: StoreDestination;
  readonly committer: LocalCommitter;
  readonly clock: Clock;
  readonly profiles: HostProfiles;
  readonly pipe: StoreMemory;
  #config: ResolvedConfig;
  readonly #area: StoreArea;
  readonly #folder: RunFolder;
  readonly #storeNotices: readonly string[];
  readonly #onWait: ((line: string) => void) | undefined;
  #job: OpenStoreJob | undefined;
  #card: CardKeeper | undefined;
  #onLost: ((error: FlowDcError) => void) | undefined;
  #lost: FlowDcError | undefined;
  #isComplete = false;
  #closing: Promise<void> | undefined;
  #cancelHalt: () => void = () => {};

  /** @param onWait - told of what a start waits for, a line each */
  constructor(
    config: ResolvedConfig,
    store: ObjectStore,
    clock: Clock,
    storeNotices: readonly string[],
    onWait?: (line: string) => void,
  ) {
    const layout = config.sink.createTar ? 'shards' : 'files';
    this.#config = config;
    this.#folder = new RunFolder(store.name);
    this.#storeNotices = storeNotices;
    this.#onWait = onWait;
    this.clock = clock;
    this.destination = new StoreDestination(store, { layout, localFolder: this.#folder.root, clock });
    this.#area = this.destination.area;
    const committer = createStoreCommitter(this.#area.state, async () => this.#job?.lock.assertHeld());
    this.committer = tellingCommitter(committer, (record) => this.#card?.note(record));
    this.profiles = new HostProfiles(clock);
    this.pipe = new StoreMemory(this.#area, this.#folder);
  }

  async asBegun(given: Readonly<Record<string, unknown>>): Promise<ResolvedConfig> {
    const found = this.#config.run.overwrite ? undefined : await findStoreJob(this.#area.output);
    this.#config = withBegun(this.#config, keysAsBegun(found?.identity, given));
    return this.#config;
  }

  async numbered(): Promise<readonly string[] | undefined> {
    return this.#config.run.overwrite ? undefined : (await readParts(storeState(this.#area))).at(-1)?.classes;
  }

  async open(input: JobInput, settings: Readonly<Record<string, unknown>>): Promise<Beginning> {
    const { committer, clock } = this;
    const { run, cluster } = this.#config;
    const job = await openStoreJob(this.#area.output, identityOf(this.#config, input.info), {
      ...{ settings, overwrite: run.overwrite, distributed: cluster.takeOver ? 'take-over' : 'refuse' },
      ...{ clock, onWait: this.#onWait, onLost: (error) => this.#lose(error) },
      ...{ contentOf: (name) => input.contentOf(name) },
      compareRows: () =>
        comesAfter(input, this.#dataset(), storeState(this.#area), this.#config, this.destination.spillFolder),
    });
    this.#job = job;
    await this.destination.bringRemoved();
    await this.pipe.bring();
    await this.#folder.sweep();
    await input.adopt(this.pipe);
    if (job.resumed) await adoptFromStoredStats(this.#area, committer, committer.records());
    await this.#sweep();
    const before = await totalOf(committer.records());
    if (before.units > 0) input.stopLingering();
    const notices = [...this.#storeNotices, ...job.notices, ...(await this.#bringNotes())];
    // A manifest has rows, so a finished dataset has records.
    const isFinished = before.units > 0 && (await this.#isSealed()) && before.units >= (await this.#sealedUnits());
    const subject = { config: this.#config, input, job, destination: this.destination, clock };
    this.#card = new CardKeeper(subject, before);
    return { before, notices, isFinished, ...(isFinished ? {} : await this.#pastOf(before)) };
  }

  watch(force: WorkForce, onLost: (error: FlowDcError) => void): () => Promise<readonly string[]> {
    this.#onLost = onLost;
    if (this.#lost !== undefined) onLost(this.#lost);
    const { timeline } = this.#folder;
    const recorder = new TimelineRecorder(timeline, new RunGauge(force, this.clock), this.clock);
    return async () => {
      await this.#card?.end();
      const unwritten = await recorder.end();
      // What was learned of hosts is told as the controllers are given up.
      await force.close();
      if (this.#lost === undefined) await this.profiles.spent.settled();
      const unsaved = await saveHostProfiles(this.#folder.hostProfiles, this.profiles);
      const notices = [unwritten, unsaved, await this.#putNotes()];
      return notices.filter((notice) => notice !== undefined);
    };
  }

  async conclude(input: JobInput, beginning: Beginning, complete: boolean, elapsedMs: number): Promise<JobSummary> {
    const { destination, committer, clock } = this;
    const { before, isFinished } = beginning;
    const runs = await readRunSpans(this.#folder.timeline);
    const totals = await totalOf(committer.records());
    const summary = {
      ...totals,
      complete,
      out: destination.name,
      elapsedMs,
      runs,
      before: { ...before, finished: isFinished },
    };
    this.#isComplete = complete;
    if (!complete && this.#lost === undefined) await this.#card?.leave();
    if (!complete || isFinished) return summary;
    await (this.#job as OpenStoreJob).lock.assertHeld();
    // What threads had open that were lost on the way.
    await this.#sweep();
    const info = sealInfo(this.#config, input, this.#job as OpenStoreJob, summary, clock.wallMs(), beginning);
    const { files: sealed, found } = await sealDataset(destination, committer.records(), info);
    const job = await readStoreJobFile(this.#area);
    if (job !== undefined) await writeStoreJobFile(this.#area, { ...job, sealed });
    return { ...summary, ...found };
  }

  hurry(): void {
    this.#area.output.hurry();
  }

  halt(): void {
    this.#cancelHalt = this.clock.timer(HALT_MS, () => void this.#area.output.close());
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const ended = new AbortController();
    // Whatever goes wrong here was told already, or is found stale by the next run.
    const givenBack = this.#giveBack().catch(() => {});
    await Promise.race([givenBack, sleep(this.clock, CLOSE_MS, ended.signal).catch(() => {})]);
    ended.abort();
    this.#cancelHalt();
    await this.#area.output.close();
    await this.#folder.remove(this.#job !== undefined && this.#lost === undefined, this.#isComplete);
  }

  async #giveBack(): Promise<void> {
    if (this.#job === undefined || this.#lost !== undefined) return;
    try {
      // Units that were open when the run was stopped.
      if (!this.#isComplete) await this.#sweep();
    } finally {
      // Also where the store is away: a lock that goes on being renewed keeps this process.
      await this.#job.close();
    }
  }

  #lose(error: FlowDcError): void {
    this.#lost = error;
    this.#onLost?.(error);
  }

  async #pastOf({ rows }: RecordTotals): Promise<Pick<Beginning, 'past' | 'beginnings'>> {
    const dataset = this.#dataset();
    const job = this.#job as OpenStoreJob;
    const past = await readPast(job, storeState(this.#area), dataset);
    return { past, beginnings: await beginningsOf(past, rows, dataset, job.takenBack) };
  }

  #dataset(): SettledDataset {
    const { output, layout } = this.#area;
    return settledDataset(new StoreFiles(output, layout), this.committer, (record) =>
      this.destination.rollForward(record),
    );
  }

  /** Attempts that nobody will finish. */
  #sweep(): Promise<void> {
    const { destination, committer } = this;
    const isDecided = async (unit: UnitId, token: string): Promise<boolean> =>
      (await committer.record(unit))?.token === token;
    return destination.sweep(isDecided, () => committer.records());
  }

  async #isSealed(): Promise<boolean> {
    return (await finalStore(this.#area, SUCCESS_FILE).head(SUCCESS_FILE)) !== undefined;
  }

  async #sealedUnits(): Promise<number> {
    const sums = await readText(finalStore(this.#area, CHECKSUMS_FILE), CHECKSUMS_FILE, Number.POSITIVE_INFINITY);
    return unitsInSums(sums ?? '');
  }

  /** Whoever has lost the lock writes nothing: another run counts from there on. */
  #quotas(): QuotaPlace {
    const place = quotasInStore(this.#area.state);
    return { ...place, write: async (text) => (this.#lost === undefined ? place.write(text) : undefined) };
  }

  /** How earlier runs went, and what they learned. @returns notices for the user */
  async #bringNotes(): Promise<readonly string[]> {
    const { state } = this.#area;
    await fetchFile(state, STATE_KEYS.timeline, this.#folder.timeline);
    await fetchFile(state, STATE_KEYS.hostProfiles, this.#folder.hostProfiles);
    const name = nameOfKey(state, STATE_KEYS.hostProfiles);
    return [
      ...(await loadHostProfiles(this.#folder.hostProfiles, this.profiles, name)),
      ...(await keepQuotas(this.profiles.spent, this.#quotas(), this.#onWait)),
    ];
  }

  /** @returns a notice for the user when that failed; never throws, since the dataset does not depend on it */
  async #putNotes(): Promise<string | undefined> {
    if (this.#lost !== undefined) return undefined;
    const { state } = this.#area;
    try {
      await putSmallFile(state, STATE_KEYS.timeline, this.#folder.timeline);
      if (existsSync(this.#folder.hostProfiles))
        await putSmallFile(state, STATE_KEYS.hostProfiles, this.#folder.hostProfiles);
      return undefined;
    } catch (error) {
      return `${(error as Error).message}; a report will lack this run, and the next one measures its hosts anew`;
    }
  }
}
