/** The planning half of a job whose working half is on other machines: publish, watch, finish. */
import type { Readable } from 'node:stream';
import { plan } from '../chain.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { ResolvedConfig } from '../config/types.ts';
import { type RecordTotals, totalOf } from '../dataset/totals.ts';
import { FlowDcError } from '../errors.ts';
import { keysAsBegun, withBegun } from '../job/as-begun.ts';
import { identityOf } from '../job/identity.ts';
import { readRunSpans, TimelineRecorder } from '../job/timeline.ts';
import { uploadMark } from '../job/upload-mark.ts';
import type { Unit, UnitId, UnitRecord } from '../record.ts';
import { CardKeeper } from '../run/card-keeper.ts';
import { FailureWatch } from '../run/failure-watch.ts';
import type { JobInput } from '../run/job-input.ts';
import { openJobInput } from '../run/open-job-input.ts';
import { withRows } from '../run/open-rows.ts';
import type { ClusterChannel, WorkerStatus } from '../transport/cluster.ts';
import { VERSION } from '../version.ts';
import { CrewWatch } from './crew-watch.ts';
import { republish } from './cut-units.ts';
import { workersGone } from './end-job.ts';
import { bringAllHome, cancelledError, finish } from './finish-job.ts';
import { ClusterGauge, presentWorkers } from './job-report.ts';
import type { HeldSite, SiteToHold } from './job-site.ts';
import { tellPauses } from './obey-orders.ts';
import { jobNameOf, openClusterJob } from './open-cluster-job.ts';
import { siteToHold } from './open-site.ts';
import type { OpenWork, SubmitConnection, SubmitOptions, SubmitSummary } from './submit-terms.ts';
import { watchJob } from './watch-job.ts';

/** Workers look for the end of their job about once a second. */
const FAREWELL_MS = 5_000;

/**
 * Publish a manifest to workers and stay until their output is a finished dataset. The same call again goes on wherever
 * the last one stopped.
 * Resolves when the dataset is finished, or when `detach` aborts; `complete` tells which.
 * Errors: those of openJob and of the manifest; FDC_ERR_TRANSPORT_*; FDC_ERR_JOB_CANCELLED; FDC_ERR_DEST_IO.
 */
export async function submitJob(config: ResolvedConfig, options: SubmitOptions): Promise<SubmitSummary> {
  const { output } = config.sink;
  if (output === undefined)
    throw new FlowDcError('FDC_ERR_CONFIG_INVALID', 'output: say where the dataset goes, e.g. -o /shared/dataset');
  const clock = options.clock ?? systemClock;
  const startedMs = clock.nowMs();
  const waiting = { onWait: options.onNotice, stop: options.detach };
  const place = await siteToHold(config, output, clock, waiting);
  try {
    return await submitTo(place, config, options, { clock, startedMs });
  } finally {
    await place.close();
  }
}

async function submitTo(
  place: SiteToHold,
  asked: ResolvedConfig,
  given: SubmitOptions,
  { clock, startedMs }: Pick<Submission, 'clock' | 'startedMs'>,
): Promise<SubmitSummary> {
  const begun = asked.run.overwrite ? {} : keysAsBegun(await place.identity(), given.settings);
  const config = withBegun(asked, begun);
  const options = { ...given, settings: { ...given.settings, ...begun } };
  const input = await openJobInput(config, options.stdin, options.detach, place.pipe);
  try {
    const distributed = config.cluster.takeOver ? 'take-over' : 'open';
    const contentOf = (name: string): Promise<string> => input.contentOf(name);
    const how = { overwrite: config.run.overwrite, settings: options.settings, distributed, contentOf } as const;
    const site = await place.hold(identityOf(config, input.info), how);
    let isOver = false;
    try {
      await input.adopt(site.memory);
      const summary = await submit({ config, options, input, site, clock, startedMs });
      isOver = summary.complete;
      return summary;
    } finally {
      await site.close(isOver);
    }
  } finally {
    await input.close();
  }
}

/** What every step of a submit works with: the output is ours, the manifest is open. */
interface Submission {
  readonly config: ResolvedConfig;
  readonly options: SubmitOptions;
  readonly input: JobInput;
  readonly site: HeldSite;
  readonly clock: Clock;
  readonly startedMs: number;
}

/** From the output: nothing is left to do, or a server is needed for the rest. */
async function submit(submission: Submission): Promise<SubmitSummary> {
  const { config, options, input, site } = submission;
  await site.adoptFromStats();
  const before = await totalOf(site.committer.records());
  const mark = await site.readMark();
  if (before.units > 0 || mark !== undefined) input.stopLingering();
  await options.onStart?.(input.info, site.notices);
  const isFinished = mark === undefined && (await site.isFinished());
  if (isFinished) return summaryOf(submission, site.committer.records(), { before, complete: true, published: false });
  const isNew = before.units === 0 && mark === undefined;
  await site.destination.reach?.({ isNew, replaces: config.run.overwrite, mark: uploadMark(site.job.id, true) });
  const id = config.cluster.job ?? mark?.job ?? jobNameOf({ out: site.out, id: site.job.id });
  const connection = await options.connect(site.server, id);
  try {
    return await distribute(submission, id, connection);
  } finally {
    await connection.cluster[Symbol.asyncDispose]();
  }
}

/** On the server: open the job there, publish and watch, and end it one way or another. */
async function distribute(
  submission: Submission,
  id: string,
  { cluster, servers, own }: SubmitConnection,
): Promise<SubmitSummary> {
  const { options, site, clock } = submission;
  const { settings } = options;
  const createdAtMs = clock.wallMs();
  const description = { folderId: site.job.id, out: site.out, settings, version: VERSION, createdAtMs, ownServer: own };
  const { channel, joined } = await openClusterJob(cluster, id, description, site, { servers, own });
  const left = options.onChannel?.(channel);
  try {
    const before = await totalOf(channel.records());
    options.onOpen?.({ job: id, server: cluster.server, joined, before });
    const failures = new FailureWatch(submission.config.run, (error) => {
      channel.cancel(error.message).catch(() => {});
    });
    const end = await publishAndWatch(submission, channel, before, failures);
    if (channel.cancelled.aborted) {
      const cancelled = await cancelledError(submission, channel);
      throw failures.error ?? cancelled;
    }
    if (!end.complete) return await summaryOf(submission, channel.records(), { before, ...end, job: id });
    await bringAllHome(submission, channel);
    const summary = await summaryOf(submission, site.committer.records(), { before, ...end, job: id });
    const found = await finish(submission, channel, summary);
    // The server goes when we go: let the workers hear before that the job is over.
    if (own) await workersGone(channel, clock, FAREWELL_MS);
    return { ...summary, ...found };
  } finally {
    left?.();
    await channel[Symbol.asyncDispose]();
  }
}

interface WatchEnd {
  /** Every unit has its record now. */
  readonly complete: boolean;
  /** The manifest is on the server as a whole. */
  readonly published: boolean;
}

/** The job's run, with a timeline for as long as somebody is here to write it. */
async function publishAndWatch(
  submission: Submission,
  channel: ClusterChannel,
  before: RecordTotals,
  failures: FailureWatch,
): Promise<WatchEnd> {
  const { config, options, site, clock } = submission;
  const crew = new CrewWatch(config.cluster.leaseMs, clock.nowMs());
  const gauge = new ClusterGauge(channel, clock, before, (board) => {
    for (const event of crew.look(board, clock.nowMs(), clock.wallMs())) options.onCrew?.(event);
    options.onWork?.(workOf(presentWorkers(board, clock)));
  });
  const timeline = new TimelineRecorder(site.timeline, gauge, clock);
  const card = new CardKeeper({
    config,
    input: submission.input,
    job: site.job,
    destination: site.destination,
    clock,
  });
  const endTelling = tellPauses(channel, (line) => options.onNotice?.(line));
  let told = 0;
  /** Ids of 15 bytes: a hundred million rows have some 50,000. */
  const units: UnitId[] = [];
  const failed = new AbortController();
  const signal = AbortSignal.any([options.detach, channel.cancelled, failed.signal, site.lost]);
  const fail = (error: unknown): never => {
    failed.abort(error);
    throw error;
  };
  try {
    const watching = watchJob(channel, {
      clock,
      signal,
      onRecord: (record) => {
        gauge.note(record);
        told += 1;
        card.note(record, told > before.units);
        // Those of earlier runs come first, and are not this one's.
        if (told > before.units) failures.noteRecord(record);
        options.onRecord?.(record);
      },
      expected: () => units,
      republish: async (missing) => void (await republish(config, site, channel, missing, signal)),
      onNotice: (notice) => options.onNotice?.(notice),
    });
    const publishing = publish(submission, channel, units, signal);
    const [published, complete] = await Promise.all([publishing.catch(fail), watching.catch(fail)]);
    if (site.lost.aborted) throw site.lost.reason;
    if (!complete) await card.leave();
    return { published, complete };
  } finally {
    endTelling();
    gauge.end();
    await card.end();
    const unwritten = (await timeline.end()) ?? (await site.keepTimeline());
    if (unwritten !== undefined) options.onNotice?.(unwritten);
  }
}

function workOf(present: readonly WorkerStatus[]): OpenWork {
  const sum = (of: (worker: WorkerStatus) => number): number => present.reduce((all, worker) => all + of(worker), 0);
  return {
    fetchedOpen: sum((worker) => worker.fetchedOpen ?? 0),
    rowsPerSecond: sum((worker) => worker.rowsPerSecond),
  };
}

/** @param units - grows by those that are on the server. @returns whether that is all of them */
async function publish(
  { config, site, input, options }: Submission,
  channel: ClusterChannel,
  units: UnitId[],
  signal: AbortSignal,
): Promise<boolean> {
  const noting = {
    publish: (unit: Unit) => channel.publish(unit, signal).then(() => void units.push(unit.id)),
    seal: (total: number) => channel.seal(total),
  };
  const planAll = (read: () => Readable): Promise<void> => plan(read(), input.cutting(), noting, signal);
  input.warnings.onWarning = (message) => options.onNotice?.(`warning: ${message}`);
  try {
    await withRows(input.read, config.run.dedupe, site.destination.spillFolder, signal, planAll);
    await input.finish();
    options.onPublished?.(units.length);
    return true;
  } catch (error) {
    // Leaving in the middle is no fault: the next submit publishes the rest.
    if (!options.detach.aborted && !channel.cancelled.aborted) throw error;
    return false;
  }
}

async function summaryOf(
  { site, clock, startedMs }: Submission,
  records: AsyncIterable<UnitRecord>,
  { before, complete, published, job: id }: WatchEnd & Pick<SubmitSummary, 'before' | 'job'>,
): Promise<SubmitSummary> {
  const totals = await totalOf(records);
  const elapsedMs = clock.nowMs() - startedMs;
  const runs = await readRunSpans(site.timeline);
  return { ...totals, complete, out: site.out, elapsedMs, runs, before, published, job: id };
}
