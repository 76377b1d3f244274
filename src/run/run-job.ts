/**
 * The life of a row, start to end:
 *
 *   plan:  manifest reader -> host partitioner -> publish --.
 *                                                        channel
 *   work:                        sink <- gated fetch <- take --'
 *
 * Both halves run at once. The channel between them is where a job can be split over machines: run/submit-job.ts runs
 * the planning half there, run/work-on-job.ts the working half.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Clock, systemClock } from '../clock.ts';
import type { ResolvedConfig } from '../config/types.ts';
import { SUCCESS_FILE, sealDataset } from '../dataset/seal/seal-dataset.ts';
import type { Destination } from '../destination/destination.ts';
import { FolderDestination } from '../destination/folder-destination.ts';
import { finalPath } from '../destination/folder-layout.ts';
import { NoneDestination } from '../destination/none-destination.ts';
import { FlowDcError } from '../errors.ts';
import type { HostLimits } from '../host-limits.ts';
import { adoptFromStats } from '../job/adopt-records.ts';
import { identityOf } from '../job/identity-of.ts';
import { openJob } from '../job/job-folder.ts';
import { type JobSummary, type RecordTotals, totalOf } from '../job/job-summary.ts';
import { createLocalCommitter, type LocalCommitter } from '../job/local-committer.ts';
import { statePaths } from '../job/state-folder.ts';
import { readRunSpans } from '../job/timeline-file.ts';
import { TimelineRecorder } from '../job/timeline-recorder.ts';
import type { Committer } from '../record.ts';
import { publishUnits } from '../stages/distribute/publish-units.ts';
import { takeDeliveries } from '../stages/distribute/take-deliveries.ts';
import { fetchUnits } from '../stages/fetch/fetch-units.ts';
import { HostProfiles } from '../stages/fetch/schedule/host-profiles.ts';
import type { ManifestInfo } from '../stages/manifest/manifest-info.ts';
import { partitionByHost } from '../stages/partition/partition-by-host.ts';
import { folderSink } from '../stages/sink/folder-sink.ts';
import { tarSink } from '../stages/sink/tar-sink.ts';
import { createInProcessChannel } from '../transport/in-process/in-process-transport.ts';
import type { JobChannel } from '../transport/transport.ts';
import { loadHostProfiles, saveHostProfiles } from './host-profile-file.ts';
import { type JobInput, openJobInput } from './job-input.ts';
import { RunControl, type RunSignals } from './run-control.ts';
import { RunGauge } from './run-gauge.ts';
import { sealInfo } from './seal-info.ts';

export interface RunJobOptions extends RunSignals {
  /** Configuration keys as given, kept for a resume without arguments. No secrets. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** What the input `-` reads; without it, what an earlier run kept. */
  readonly stdin?: Readable;
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
  const stages = workStages(config, around);
  const job = await openJob(output, identityOf(config, input.info), {
    overwrite: config.run.overwrite,
    settings: options.settings ?? {},
    distributed: config.cluster.takeOver ? 'take-over' : 'refuse',
  });
  try {
    await input.adopt(job.stateFolder);
    await adoptFromStats(job.out, job.stateFolder);
    await destination.sweep(async (unit, token) => (await committer.record(unit))?.token === token);
    const before = await totalOf(committer.records());
    if (before.units > 0) input.stopLingering();
    const notices = await loadHostProfiles(job.stateFolder, around.profiles);
    await options.onStart?.(input.info, before, [...job.notices, ...notices]);
    const wasSealed = existsSync(finalPath(destination.paths, SUCCESS_FILE));
    const complete = wasSealed || (await runInJob(config, input, stages, around, options, job.stateFolder));
    const elapsedMs = clock.nowMs() - startedMs;
    const runs = await readRunSpans(statePaths(job.stateFolder).timeline);
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
    const complete = await runChain(config, input, workStages(config, around), around, options);
    const elapsedMs = clock.nowMs() - startedMs;
    const runs = [{ startedAtMs: clock.wallMs() - elapsedMs, elapsedMs }];
    return { ...(await totalOf(committer.records())), complete, out: 'none:', elapsedMs, runs, before };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the working half stands on. */
export interface WorkSurroundings {
  readonly destination: Destination;
  readonly committer: Committer;
  readonly clock: Clock;
  readonly profiles: HostProfiles;
  /** Who commits, for records. */
  readonly worker?: string;
  /** Limits that are shared with other machines, in place of this process's own. */
  readonly hostLimits?: HostLimits | undefined;
}

interface Surroundings extends WorkSurroundings {
  readonly committer: LocalCommitter;
}

/** Fetch and sink, not yet joined. */
export type WorkStages = readonly [fetch: ReturnType<typeof fetchUnits>, sink: Writable];

/** Build fetch and sink. Errors: FDC_ERR_CONFIG_INVALID. */
export function workStages(
  config: ResolvedConfig,
  { destination, committer, clock, profiles, worker, hostLimits }: WorkSurroundings,
): WorkStages {
  const { fetch, paarc, sink } = config;
  const openSink = sink.createTar ? tarSink : folderSink;
  return [
    fetchUnits({
      ...fetch,
      paarc,
      clock,
      hostProfiles: profiles,
      spillFolder: destination.spillFolder,
      bodyRelease: 'by-sink',
      ...(hostLimits && { hostLimits }),
    }),
    openSink(destination, { ...sink, committer, clock, worker, maxUnitErrors: fetch.maxUnitErrors }),
  ];
}

/** The chain; what it learned about hosts is kept in the job's state folder, however it ends. */
async function runInJob(
  config: ResolvedConfig,
  input: JobInput,
  stages: WorkStages,
  around: Surroundings,
  options: RunJobOptions,
  stateFolder: string,
): Promise<boolean> {
  const timeline = new TimelineRecorder(
    statePaths(stateFolder).timeline,
    new RunGauge(stages[0], around.clock),
    around.clock,
  );
  try {
    return await runChain(config, input, stages, around, options);
  } finally {
    const unwritten = await timeline.end();
    if (unwritten !== undefined) options.onNotice?.(unwritten);
    // The fetch stage tells what it has learned when it is destroyed.
    for (const stage of stages) stage.destroy();
    const notice = await saveHostProfiles(stateFolder, around.profiles);
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
  try {
    return await control.run(planUnits(config, input, channel, control.stop), workOnUnits(channel, stages, control));
  } finally {
    control.release();
    await channel[Symbol.asyncDispose]();
  }
}

/** The planning half: the manifest's rows are cut into units and published, and the job is sealed with their number. */
export async function planUnits(
  { partition, manifest }: ResolvedConfig,
  input: JobInput,
  channel: Pick<JobChannel, 'publish' | 'seal'>,
  signal: AbortSignal,
): Promise<void> {
  const live = input.mayLinger()
    ? { lingerMs: manifest.lingerMs, onLinger: (rows: number) => input.noteLinger(rows) }
    : {};
  const { shardSize, groupBy } = partition;
  const partitioner = partitionByHost({ shardSize, groupBy, lingeredAt: input.lingeredAt(), ...live });
  await pipeline(input.read(), partitioner, publishUnits(channel, signal), { signal });
  await input.finish();
}

/** The working half: units are taken, their rows fetched and written, and what is written is committed. */
export async function workOnUnits(
  channel: Pick<JobChannel, 'next'>,
  [fetch, sink]: WorkStages,
  { drain, stop }: Pick<RunControl, 'drain' | 'stop'>,
): Promise<void> {
  await pipeline(takeDeliveries(channel, { drain, signal: stop }), fetch, sink, { signal: stop });
}
