/** The planning half of a job whose working half is on other machines: publish, watch, finish. */
import { existsSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { plan } from '../chain.ts';
import { type Clock, sleep, systemClock } from '../clock.ts';
import type { ResolvedConfig } from '../config/types.ts';
import { SUCCESS_FILE, sealDataset } from '../dataset/seal/seal-dataset.ts';
import { FolderDestination } from '../destination/folder-destination.ts';
import { type FolderPaths, finalPath } from '../destination/folder-layout.ts';
import { FlowDcError } from '../errors.ts';
import { adoptFromStats } from '../job/adopt-records.ts';
import { readMark, removeMark } from '../job/distributed-mark.ts';
import { identityOf } from '../job/identity.ts';
import { type OpenJob, openJob } from '../job/job-folder.ts';
import { type JobSummary, type RecordTotals, totalOf } from '../job/job-summary.ts';
import { createLocalCommitter } from '../job/local-committer.ts';
import { readRunSpans, TimelineRecorder } from '../job/timeline.ts';
import type { Unit, UnitId, UnitRecord } from '../record.ts';
import { type JobInput, openJobInput } from '../run/job-input.ts';
import { sealInfo } from '../run/seal-info.ts';
import type { ManifestInfo } from '../stages/manifest/manifest-info.ts';
import type { Cluster, ClusterChannel } from '../transport/cluster.ts';
import { VERSION } from '../version.ts';
import { bringHome, lostError } from './bring-home.ts';
import { ClusterGauge } from './cluster-gauge.ts';
import { type FolderOfJob, jobNameOf, openClusterJob } from './open-cluster-job.ts';
import { republish } from './republish.ts';
import { watchJob } from './watch-job.ts';

/** A connection to the server that a job's folder is worked on from. */
export interface SubmitConnection {
  readonly cluster: Cluster;
  /** Servers without credentials, for the folder's mark. */
  readonly servers: readonly string[];
  /** Set for a server that was started for this job alone. */
  readonly own: boolean;
}

export interface SubmitOptions {
  /** Configuration keys for the workers; no secrets. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly stdin?: Readable | undefined;
  readonly clock?: Clock | undefined;
  /** Aborts when the caller wants to leave; the job goes on without it. */
  readonly detach: AbortSignal;
  /** Reach the server; asked for once the folder is ours and there is something to do. */
  readonly connect: (paths: FolderPaths, job: string) => Promise<SubmitConnection>;
  /** Told once, before the server is asked for. */
  readonly onStart?: ((manifest: ManifestInfo, notices: readonly string[]) => void | Promise<void>) | undefined;
  /** The job is on the server; nothing is published yet. */
  readonly onOpen?: ((opened: OpenSubmission) => void) | undefined;
  /** All units are on the server. */
  readonly onPublished?: ((units: number) => void) | undefined;
  /** A unit was decided by some worker. */
  readonly onRecord?:
    | ((record: { readonly rows: number; readonly stored: number; readonly bytes: number }) => void)
    | undefined;
  readonly onNotice?: ((notice: string) => void) | undefined;
}

export interface OpenSubmission {
  readonly job: string;
  readonly server: Cluster['server'];
  /** The job went on by itself since its submitter left. */
  readonly joined: boolean;
  /** What was decided before. */
  readonly before: RecordTotals;
}

export interface SubmitSummary extends JobSummary {
  /** Absent when the dataset was finished before. */
  readonly job?: string | undefined;
  /** The manifest is on the server as a whole. */
  readonly published: boolean;
}

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
  const input = await openJobInput(config, options.stdin);
  try {
    const job = await openJob(output, identityOf(config, input.info), {
      overwrite: config.run.overwrite,
      settings: options.settings,
      distributed: config.cluster.takeOver ? 'take-over' : 'open',
    });
    try {
      await input.adopt(job.paths);
      return await new Submission(config, input, job, options, clock, startedMs).run();
    } finally {
      await job.close();
    }
  } finally {
    await input.close();
  }
}

/** Workers look for the end of their job about once a second. */
const FAREWELL_MS = 5_000;

class Submission {
  readonly #config: ResolvedConfig;
  readonly #input: JobInput;
  readonly #options: SubmitOptions;
  readonly #folder: FolderOfJob & { readonly job: OpenJob };
  readonly #startedMs: number;
  /** Ids of 15 bytes: a hundred million rows have some 50,000. */
  readonly #units: UnitId[] = [];
  #published = false;

  constructor(
    config: ResolvedConfig,
    input: JobInput,
    job: OpenJob,
    options: SubmitOptions,
    clock: Clock,
    startedMs: number,
  ) {
    this.#config = config;
    this.#input = input;
    this.#options = options;
    this.#startedMs = startedMs;
    const destination = new FolderDestination(job.out, { layout: job.paths.layout });
    this.#folder = { job, destination, committer: createLocalCommitter(job.paths.state), clock };
  }

  async run(): Promise<SubmitSummary> {
    const { job, destination, committer } = this.#folder;
    await destination.prepare();
    await adoptFromStats(job.paths);
    const before = await totalOf(committer.records());
    const mark = await readMark(job.paths);
    if (before.units > 0 || mark !== undefined) this.#input.stopLingering();
    await this.#options.onStart?.(this.#input.info, job.notices);
    const isFinished = mark === undefined && existsSync(finalPath(destination.paths, SUCCESS_FILE));
    if (isFinished) return this.#summary(committer.records(), before, true);
    const id = this.#config.cluster.job ?? mark?.job ?? jobNameOf(job);
    const { cluster, servers, own } = await this.#options.connect(job.paths, id);
    try {
      return await this.#distribute(cluster, id, { servers, own });
    } finally {
      await cluster[Symbol.asyncDispose]();
    }
  }

  async #distribute(
    cluster: Cluster,
    id: string,
    mark: { servers: readonly string[]; own: boolean },
  ): Promise<SubmitSummary> {
    const { job, clock } = this.#folder;
    const description = {
      folderId: job.id,
      out: job.out,
      settings: this.#options.settings,
      version: VERSION,
      createdAtMs: clock.wallMs(),
    };
    const { channel, joined } = await openClusterJob(cluster, id, description, this.#folder, mark);
    try {
      const before = await totalOf(channel.records());
      this.#options.onOpen?.({ job: id, server: cluster.server, joined, before });
      const complete = await this.#recorded(channel, before);
      if (channel.cancelled.aborted) return await this.#cancelled(channel, id);
      if (!complete) return { ...(await this.#summary(channel.records(), before, false)), job: id };
      const summary = await this.#finish(channel, id, before);
      if (mark.own) await this.#farewell(channel);
      return { ...summary, job: id };
    } finally {
      await channel[Symbol.asyncDispose]();
    }
  }

  /** The job's run, with a timeline for as long as somebody is here to write it. */
  async #recorded(channel: ClusterChannel, before: RecordTotals): Promise<boolean> {
    const { clock, job } = this.#folder;
    const gauge = new ClusterGauge(channel, clock, before);
    const timeline = new TimelineRecorder(job.paths.timeline, gauge, clock);
    try {
      return await this.#publishAndWatch(channel, gauge);
    } finally {
      const unwritten = await timeline.end();
      if (unwritten !== undefined) this.#options.onNotice?.(unwritten);
    }
  }

  /** @returns whether every unit has its record now */
  async #publishAndWatch(channel: ClusterChannel, gauge: ClusterGauge): Promise<boolean> {
    const { clock, job } = this.#folder;
    const failed = new AbortController();
    const signal = AbortSignal.any([this.#options.detach, channel.cancelled, failed.signal]);
    const fail = (error: unknown): never => {
      failed.abort(error);
      throw error;
    };
    const watching = watchJob(channel, {
      clock,
      signal,
      onRecord: (record) => {
        gauge.note(record);
        this.#options.onRecord?.(record);
      },
      expected: () => this.#units,
      republish: async (missing) => void (await republish(this.#config, job.paths, channel, missing, signal)),
      onNotice: (notice) => this.#options.onNotice?.(notice),
    }).catch(fail);
    const [, complete] = await Promise.all([this.#publish(channel, signal).catch(fail), watching]);
    return complete;
  }

  async #publish(channel: ClusterChannel, signal: AbortSignal): Promise<void> {
    const noting = {
      publish: async (unit: Unit, stop?: AbortSignal): Promise<void> => {
        await channel.publish(unit, stop);
        this.#units.push(unit.id);
      },
      seal: (total: number) => channel.seal(total),
    };
    try {
      await plan(this.#input.read(), this.#input.cutting(), noting, signal);
      await this.#input.finish();
      this.#published = true;
      this.#options.onPublished?.(this.#units.length);
    } catch (error) {
      // Leaving in the middle is no fault: the next submit publishes the rest.
      if (!this.#options.detach.aborted && !channel.cancelled.aborted) throw error;
    }
  }

  async #finish(channel: ClusterChannel, id: string, before: RecordTotals): Promise<SubmitSummary> {
    const { job, destination, committer, clock } = this.#folder;
    const { lost } = await bringHome(channel.records(), this.#folder, true);
    if (lost.length > 0) throw lostError(job.out, id, lost);
    await destination.sweep(async (unit, token) => (await committer.record(unit))?.token === token);
    const summary = await this.#summary(committer.records(), before, true);
    await sealDataset(
      destination,
      committer.records(),
      sealInfo(this.#config, this.#input.info, job, summary, clock.wallMs()),
    );
    await channel.finish();
    await removeMark(job.paths);
    return summary;
  }

  /** The server goes when we go: let the workers hear before that the job is over. */
  async #farewell(channel: ClusterChannel): Promise<void> {
    const { clock } = this.#folder;
    for (const endMs = clock.nowMs() + FAREWELL_MS; clock.nowMs() < endMs; await sleep(clock, 100)) {
      const nowMs = clock.wallMs();
      const present = (await channel.workers()).filter(
        ({ state, atMs }) => state !== 'gone' && nowMs - atMs < FAREWELL_MS,
      );
      if (present.length === 0) return;
    }
  }

  /** Somebody ended the job: what was committed is kept here, and the folder is free for whoever goes on. */
  async #cancelled(channel: ClusterChannel, id: string): Promise<never> {
    const { job } = this.#folder;
    await bringHome(channel.records(), this.#folder, false);
    await removeMark(job.paths);
    throw new FlowDcError(
      'FDC_ERR_JOB_CANCELLED',
      `job ${id} was cancelled; what was committed stays, the same submit or a download into ${job.out} goes on`,
    );
  }

  async #summary(records: AsyncIterable<UnitRecord>, before: RecordTotals, complete: boolean): Promise<SubmitSummary> {
    const { job, clock } = this.#folder;
    const totals = await totalOf(records);
    const elapsedMs = clock.nowMs() - this.#startedMs;
    const runs = await readRunSpans(job.paths.timeline);
    return { ...totals, complete, out: job.out, elapsedMs, runs, before, published: this.#published };
  }
}
