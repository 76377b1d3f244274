/** One whole job in this process: the folder opened, the chain run, what is missing made good by the same call again. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { openWorkStages, plan, type WorkStages, type WorkSurroundings, work } from '../chain.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { ResolvedConfig } from '../config/types.ts';
import { SUCCESS_FILE, sealDataset } from '../dataset/seal/seal-dataset.ts';
import { type RecordTotals, totalOf } from '../dataset/totals.ts';
import { FolderDestination } from '../destination/folder-destination.ts';
import { type FolderPaths, finalPath } from '../destination/folder-layout.ts';
import { NoneDestination } from '../destination/none-destination.ts';
import { FlowDcError } from '../errors.ts';
import { adoptFromStats } from '../job/adopt-records.ts';
import { identityOf } from '../job/identity.ts';
import { openJob } from '../job/job-folder.ts';
import type { JobSummary } from '../job/job-summary.ts';
import { createLocalCommitter, type LocalCommitter } from '../job/local-committer.ts';
import { readRunSpans, TimelineRecorder } from '../job/timeline.ts';
import { HostProfiles } from '../stages/fetch/schedule/host-profiles.ts';
import type { ManifestInfo } from '../stages/manifest/manifest-info.ts';
import { createInProcessChannel } from '../transport/in-process/in-process-transport.ts';
import { loadHostProfiles, saveHostProfiles } from './host-profile-file.ts';
import { type JobInput, openJobInput } from './job-input.ts';
import { RunControl, type RunSignals } from './run-control.ts';
import { RunGauge } from './run-gauge.ts';
import { sealInfo } from './seal-info.ts';

export interface RunJobOptions extends RunSignals {
  /** Configuration keys as given, kept for a resume without arguments. No secrets. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** What the input `-` reads; without it, what an earlier run kept. */
  readonly stdin?: Readable | undefined;
  readonly clock?: Clock;
  /** Told once, before anything is fetched. */
  readonly onStart?: (manifest: ManifestInfo, before: RecordTotals, notices: readonly string[]) => void | Promise<void>;
  /** Told of what went wrong without harm to the dataset, a line each. */
  readonly onNotice?: (notice: string) => void;
}

/**
 * Run a whole job in this process, or what is left of it: the same call again finishes what an earlier one began, and a
 * finished job is left as it is.
 * Resolves when every row is settled, or when `drain` has been obeyed; `complete` tells which.
 * Errors: every FlowDcError of the stages; FDC_ERR_INTERRUPTED after `abort`.
 */
export async function runJob(config: ResolvedConfig, options: RunJobOptions = {}): Promise<JobSummary> {
  const { output } = config.sink;
  if (output === undefined)
    throw new FlowDcError('FDC_ERR_CONFIG_INVALID', 'output: say where the dataset goes, e.g. -o dataset');
  const input = await openJobInput(config, options.stdin);
  try {
    return await (output === 'none:'
      ? runForNothing(config, input, options)
      : runInFolder(config, output, input, options));
  } finally {
    await input.close();
  }
}

async function runInFolder(
  config: ResolvedConfig,
  output: string,
  input: JobInput,
  options: RunJobOptions,
): Promise<JobSummary> {
  const clock = options.clock ?? systemClock;
  const startedMs = clock.nowMs();
  const destination = new FolderDestination(output, { layout: config.sink.createTar ? 'shards' : 'files' });
  const committer = createLocalCommitter(destination.stateFolder);
  // Built before anything is written, because this is where wrong options throw.
  const around = { destination, committer, clock, profiles: new HostProfiles(clock) };
  const stages = openWorkStages(config, around);
  const job = await openJob(output, identityOf(config, input.info), {
    overwrite: config.run.overwrite,
    settings: options.settings ?? {},
    distributed: config.cluster.takeOver ? 'take-over' : 'refuse',
  });
  try {
    await input.adopt(job.paths);
    await adoptFromStats(job.paths);
    await destination.sweep(async (unit, token) => (await committer.record(unit))?.token === token);
    const before = await totalOf(committer.records());
    if (before.units > 0) input.stopLingering();
    const notices = await loadHostProfiles(job.paths.hostProfiles, around.profiles);
    await options.onStart?.(input.info, before, [...job.notices, ...notices]);
    const wasSealed = existsSync(finalPath(destination.paths, SUCCESS_FILE));
    const complete = wasSealed || (await runInJob(config, input, stages, around, options, job.paths));
    const elapsedMs = clock.nowMs() - startedMs;
    const runs = await readRunSpans(job.paths.timeline);
    const summary = { ...(await totalOf(committer.records())), complete, out: job.out, elapsedMs, runs, before };
    if (complete && !wasSealed)
      await sealDataset(destination, committer.records(), sealInfo(config, input.info, job, summary, clock.wallMs()));
    return summary;
  } finally {
    for (const stage of stages) stage.destroy();
    await job.close();
  }
}

/** `-o none:`: the whole chain, records in a folder that goes away, no shard kept. */
async function runForNothing(config: ResolvedConfig, input: JobInput, options: RunJobOptions): Promise<JobSummary> {
  const clock = options.clock ?? systemClock;
  const startedMs = clock.nowMs();
  const folder = await mkdtemp(join(tmpdir(), 'flow-dc-none-'));
  try {
    const committer = createLocalCommitter(folder);
    const before = await totalOf(committer.records());
    await options.onStart?.(input.info, before, []);
    const profiles = new HostProfiles(clock);
    const around = {
      destination: new NoneDestination({ spillFolder: join(folder, 'spill') }),
      committer,
      clock,
      profiles,
    };
    const complete = await runChain(config, input, openWorkStages(config, around), around, options);
    const elapsedMs = clock.nowMs() - startedMs;
    const runs = [{ startedAtMs: clock.wallMs() - elapsedMs, elapsedMs }];
    return { ...(await totalOf(committer.records())), complete, out: 'none:', elapsedMs, runs, before };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Surroundings extends WorkSurroundings {
  readonly committer: LocalCommitter;
}

/** The chain; what it learned about hosts is kept in the job's state folder, however it ends. */
async function runInJob(
  config: ResolvedConfig,
  input: JobInput,
  stages: WorkStages,
  around: Surroundings,
  options: RunJobOptions,
  paths: FolderPaths,
): Promise<boolean> {
  const timeline = new TimelineRecorder(paths.timeline, new RunGauge(stages[0], around.clock), around.clock);
  try {
    return await runChain(config, input, stages, around, options);
  } finally {
    const unwritten = await timeline.end();
    if (unwritten !== undefined) options.onNotice?.(unwritten);
    // The fetch stage tells what it has learned when it is destroyed.
    for (const stage of stages) stage.destroy();
    const notice = await saveHostProfiles(paths.hostProfiles, around.profiles);
    if (notice !== undefined) options.onNotice?.(notice);
  }
}

/** @returns whether every unit of the manifest has its record now */
async function runChain(
  config: ResolvedConfig,
  input: JobInput,
  stages: WorkStages,
  { destination, committer, clock }: Surroundings,
  options: RunJobOptions,
): Promise<boolean> {
  const control = new RunControl(clock, config.run.drainMs, options);
  const rollForward = destination.rollForward.bind(destination);
  const channel = createInProcessChannel({ committer, clock, rollForward, highWater: config.transport.queueUnits });
  const planned = async (): Promise<void> => {
    await plan(input.read(), input.cutting(), channel, control.stop);
    await input.finish();
  };
  try {
    return await control.run(planned(), work(channel, stages, control));
  } finally {
    control.release();
    await channel[Symbol.asyncDispose]();
  }
}
