/** Where a run works: an output folder with its job, or nowhere. Built without writing anything, then opened. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { ResolvedConfig } from '../config/types.ts';
import { dropKept, isKept, keptUnits } from '../dataset/kept-units.ts';
import { CHECKSUMS_FILE, sealedUnits } from '../dataset/seal/checksums.ts';
import { SUCCESS_FILE, sealDataset } from '../dataset/seal/seal-dataset.ts';
import { type RecordTotals, totalOf } from '../dataset/totals.ts';
import { parseDestination } from '../destination/destination-name.ts';
import type { FolderDestination } from '../destination/folder-destination.ts';
import { type FolderPaths, finalPath } from '../destination/folder-layout.ts';
import { folderOf } from '../destination/tool/folder-of.ts';
import { ToolDestination } from '../destination/tool/tool-destination.ts';
import { count } from '../format.ts';
import { adoptFromStats } from '../job/adopt-records.ts';
import { keysAsBegun, withBegun } from '../job/as-begun.ts';
import { readParts } from '../job/extensions.ts';
import { identityOf } from '../job/identity.ts';
import { findJob, noteSealed } from '../job/job-file.ts';
import { hasCommitted, type OpenJob, openJob } from '../job/job-folder.ts';
import type { JobSummary, KeptSum } from '../job/job-summary.ts';
import { keepSamples } from '../job/keep-samples.ts';
import { createLocalCommitter, type LocalCommitter } from '../job/local-committer.ts';
import { folderState } from '../job/state-files.ts';
import { readRunSpans, TimelineRecorder } from '../job/timeline.ts';
import { uploadMark } from '../job/upload-mark.ts';
import { filesOfFolder } from '../job/view/view-job.ts';
import type { UnitId } from '../record.ts';
import { HostProfiles } from '../stages/fetch/schedule/host-profiles.ts';
import type { KeptUnitsOptions } from '../stages/fetch/settings.ts';
import type { WorkForce } from '../threads/force.ts';
import { CardKeeper, tellingCommitter } from './card-keeper.ts';
import { loadHostProfiles, saveHostProfiles } from './host-profile-file.ts';
import { folderMemory } from './input-memory.ts';
import type { JobInput } from './job-input.ts';
import { comesAfter } from './other-input.ts';
import { nowhere, streamPlace } from './passing-place.ts';
import { beginningsOf, readPast } from './past.ts';
import { keepQuotas, quotasInFolder } from './quota-file.ts';
import { graceMs } from './run-control.ts';
import { RunGauge } from './run-gauge.ts';
import type { Beginning, Place } from './run-place.ts';
import { sealInfo } from './seal-info.ts';
import { type SettledDataset, settledDataset } from './settled-rows.ts';

export interface PlaceOptions {
  /** What the output `-` writes to. */
  readonly stdout?: Writable | undefined;
  /** Told of what went wrong without harm to the dataset, a line each. */
  readonly onNotice?: ((notice: string) => void) | undefined;
}

/** Errors: FDC_ERR_CONFIG_INVALID for an output that is none, and for `-` without a stream. */
export async function placeFor(
  config: ResolvedConfig,
  output: string,
  clock: Clock,
  { stdout, onNotice }: PlaceOptions = {},
): Promise<Place> {
  const { kind } = parseDestination(output);
  if (kind === 'none') return nowhere(clock);
  if (kind === 'stdout') return streamPlace(config, clock, stdout);
  if (kind !== 'store') return new FolderPlace(config, output, clock, onNotice);
  // Loaded only for a store.
  const { openStorePlace } = await import('./store-place.ts');
  return openStorePlace(config, output, clock, onNotice);
}

class FolderPlace implements Place {
  readonly destination: FolderDestination;
  readonly committer: LocalCommitter;
  readonly clock: Clock;
  readonly profiles: HostProfiles;
  readonly kept: KeptUnitsOptions;
  readonly putsAside = true;
  readonly #onNotice: PlaceOptions['onNotice'];
  #config: ResolvedConfig;
  #job: OpenJob | undefined;
  #card: CardKeeper | undefined;

  constructor(config: ResolvedConfig, output: string, clock: Clock, onNotice: PlaceOptions['onNotice']) {
    this.#config = config;
    this.#onNotice = onNotice;
    this.clock = clock;
    this.destination = folderOf(config, output, { clock, onSetback: onNotice });
    const committer = createLocalCommitter(this.destination.stateFolder);
    this.committer = tellingCommitter(committer, (record) => this.#card?.note(record));
    this.profiles = new HostProfiles(clock);
    this.kept = { folder: this.destination.paths.kept, graceMs: graceMs(config.run) };
  }

  async asBegun(given: Readonly<Record<string, unknown>>): Promise<ResolvedConfig> {
    const found = this.#config.run.overwrite ? undefined : await findJob(this.destination.name);
    this.#config = withBegun(this.#config, keysAsBegun(found?.job.identity, given));
    return this.#config;
  }

  async numbered(): Promise<readonly string[] | undefined> {
    return this.#config.run.overwrite
      ? undefined
      : (await readParts(folderState(this.destination.paths))).at(-1)?.classes;
  }

  async open(input: JobInput, settings: Readonly<Record<string, unknown>>): Promise<Beginning> {
    const { destination, committer } = this;
    const { run, cluster } = this.#config;
    const job = await openJob(destination.name, identityOf(this.#config, input.info), {
      overwrite: run.overwrite,
      settings,
      distributed: cluster.takeOver ? 'take-over' : 'refuse',
      contentOf: (name) => input.contentOf(name),
      compareRows: () =>
        comesAfter(input, this.#dataset(), folderState(destination.paths), this.#config, destination.spillFolder),
    });
    this.#job = job;
    await input.adopt(folderMemory(job.paths));
    // Units that are cut anew are not those that were put aside.
    if (job.byRows) await rm(this.kept.folder, { recursive: true, force: true });
    await adoptFromStats(job.paths, async (record) => {
      if (!isKept(this.kept.folder, record.unit)) await keepSamples(job.paths, record);
    });
    await this.#sweep();
    const before = await totalOf(committer.records());
    if (before.units > 0) input.stopLingering();
    const kept = await sumKept(this.kept.folder, committer);
    const notices = [
      ...job.notices,
      ...(await loadHostProfiles(job.paths.hostProfiles, this.profiles)),
      ...(await keepQuotas(this.profiles.spent, quotasInFolder(job.paths.quotas), this.#onNotice)),
      ...(kept === undefined ? [] : [keptNotice(kept)]),
    ];
    // A manifest has rows, so a finished dataset has records.
    const isFinished =
      before.units > 0 && existsSync(finalPath(job.paths, SUCCESS_FILE)) && !(await lacksUnits(job.paths, before));
    const isNew = before.units === 0 && !(await hasCommitted(job.paths.state));
    if (!isFinished) {
      await destination.reach({ isNew, replaces: run.overwrite, mark: uploadMark(job.id, false) });
      // What killed runs had brought there before a commit; only now is it known what is there.
      await destination.sweepAttempts((unit, token) => this.#isDecided(unit, token));
    }
    const subject = { config: this.#config, input, job, destination, clock: this.clock };
    this.#card = new CardKeeper(subject, before);
    return { before, notices, isFinished, ...(isFinished ? {} : await this.#pastOf(before)) };
  }

  watch(force: WorkForce): () => Promise<readonly string[]> {
    const { timeline, hostProfiles } = this.destination.paths;
    const recorder = new TimelineRecorder(timeline, new RunGauge(force, this.clock), this.clock);
    return async () => {
      await this.#card?.end();
      const unwritten = await recorder.end();
      // What was learned of hosts is told as the controllers are given up.
      await force.close();
      await this.profiles.spent.settled();
      const unsaved = await saveHostProfiles(hostProfiles, this.profiles);
      return [unwritten, unsaved].filter((notice) => notice !== undefined);
    };
  }

  async conclude(input: JobInput, beginning: Beginning, complete: boolean, elapsedMs: number): Promise<JobSummary> {
    const { destination, committer, clock } = this;
    const { before, isFinished } = beginning;
    const begun = { ...before, finished: isFinished };
    const runs = await readRunSpans(destination.paths.timeline);
    const totals = await totalOf(committer.records());
    const kept = complete ? undefined : await sumKept(this.kept.folder, committer);
    const upload = destination instanceof ToolDestination ? destination.remote.said : undefined;
    const summary = { ...totals, complete, out: destination.name, elapsedMs, kept, runs, upload, before: begun };
    if (!complete) await this.#card?.leave();
    if (complete) await rm(this.kept.folder, { recursive: true, force: true });
    if (!complete || isFinished) return summary;
    await destination.assertOwn(committer.records());
    // What threads had open that were lost on the way.
    await this.#sweep();
    const info = sealInfo(this.#config, input, this.#job as OpenJob, summary, clock.wallMs(), beginning);
    const { files, found } = await sealDataset(destination, committer.records(), info);
    await noteSealed(destination.paths, files);
    return { ...summary, ...found };
  }

  async close(): Promise<void> {
    if (this.#job !== undefined) await this.destination.leave(this.#job.id);
    await this.#job?.close();
  }

  async #pastOf({ rows }: RecordTotals): Promise<Pick<Beginning, 'past' | 'beginnings'>> {
    const dataset = this.#dataset();
    const job = this.#job as OpenJob;
    const past = await readPast(job, folderState(this.destination.paths), dataset);
    return { past, beginnings: await beginningsOf(past, rows, dataset, job.takenBack) };
  }

  #dataset(): SettledDataset {
    const { destination, committer } = this;
    return settledDataset(filesOfFolder(destination), committer, (record) => destination.rollForward(record));
  }

  /** Attempts that nobody will finish. */
  #sweep(): Promise<void> {
    return this.destination.sweep((unit, token) => this.#isDecided(unit, token));
  }

  async #isDecided(unit: UnitId, token: string): Promise<boolean> {
    return (await this.committer.record(unit))?.token === token;
  }
}

/** Whether units that the dataset had when it was finished have lost their records, and nothing to make them from. */
async function lacksUnits(paths: FolderPaths, { units }: RecordTotals): Promise<boolean> {
  return units < (await sealedUnits(finalPath(paths, CHECKSUMS_FILE)));
}

function keptNotice({ rows, units }: KeptSum): string {
  return `kept: ${count(rows)} rows of ${count(units)} open ${units === 1 ? 'shard' : 'shards'} are not fetched again`;
}

/** What lies there of units without a record; the rest of it is of no use any more. */
async function sumKept(folder: string, committer: LocalCommitter): Promise<KeptSum | undefined> {
  const sum = { units: 0, rows: 0, bytes: 0 };
  for await (const { unit, rows, bytes } of keptUnits(folder)) {
    if ((await committer.record(unit)) !== undefined) {
      await dropKept(folder, unit);
      continue;
    }
    sum.units += 1;
    sum.rows += rows;
    sum.bytes += bytes;
  }
  return sum.units === 0 ? undefined : sum;
}
