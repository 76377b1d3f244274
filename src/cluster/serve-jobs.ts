/** A worker's life: find a job, work on it until there is nothing left, find the next one. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type Clock, sleep, systemClock } from '../clock.ts';
import type { Config } from '../config/types.ts';
import { type FlowDcError, isFlowDcError } from '../errors.ts';
import type { UnitRecord } from '../record.ts';
import type { RunSignals } from '../run/run-control.ts';
import { HostProfiles } from '../stages/fetch/schedule/host-profiles.ts';
import { RowPulse } from '../structures/row-pulse.ts';
import { watchOver } from '../threads/watch-over.ts';
import type { Cluster, ClusterChannel, JobListing } from '../transport/cluster.ts';
import type { RollForward } from '../transport/transport.ts';
import type { WorkSite } from './job-site.ts';
import { workSiteOf } from './open-site.ts';
import { HostSharing } from './share-hosts.ts';
import { type WorkEnd, type WorkOptions, workOnJob } from './work-on-job.ts';
import { WorkCounter, workerConfig } from './worker.ts';

/** What happens to a worker, for its log. */
export type ServeEvent =
  | { readonly kind: 'waiting'; readonly job?: string | undefined }
  | { readonly kind: 'joined'; readonly job: string; readonly out: string }
  | { readonly kind: 'left'; readonly job: string; readonly end: WorkEnd; readonly cancelled: boolean }
  | { readonly kind: 'refused'; readonly job: string; readonly error: FlowDcError }
  | { readonly kind: 'notice'; readonly job: string; readonly notice: string }
  | { readonly kind: 'idle' }
  /** The server was of one job alone, which is over. */
  | { readonly kind: 'last' };

export interface ServeOptions extends RunSignals {
  /** Only this job, and the end with it; without it any job, for ever. */
  readonly job?: string | undefined;
  /** Where the output lies on this machine, when not where the submitter sees it. */
  readonly out?: string | undefined;
  /** What this worker was told itself; wins over the job's settings. */
  readonly own: Config;
  /** End after so long without any work; 0 for never. */
  readonly idleTimeoutMs: number;
  readonly onEvent: (event: ServeEvent) => void;
  readonly onForce?: WorkOptions['onForce'];
  readonly onTold?: WorkOptions['onTold'];
  readonly clock?: Clock | undefined;
}

const LOOK_FOR_JOBS_MS = 1_000;
/**
 * A worker whose job leaves it without units for so long looks for another one. Chosen: longer than most pauses of a
 * publisher.
 */
const LEAVE_IDLE_MS = 15_000;
/** Without an idle timeout nothing is given up for; this only bounds one wait. */
const LONGEST_WAIT_MS = 60_000;
/** A folder that was not there may be mounted by now. */
const REFUSED_FOR_MS = 60_000;

/**
 * Work on jobs, oldest first, until `drain`, the idle timeout, or the end of the one job that was named or that the
 * server was started for.
 * Errors: for a named job those of its folder and settings; faults of the stages; FDC_ERR_INTERRUPTED after `abort`.
 */
export async function serveJobs(cluster: Cluster, options: ServeOptions): Promise<void> {
  const clock = options.clock ?? systemClock;
  const counter = new WorkCounter(clock);
  const server = new Server(cluster, options, clock, counter);
  try {
    await server.run();
  } finally {
    await server.close();
    counter.close();
  }
}

class Server {
  readonly #cluster: Cluster;
  readonly #options: ServeOptions;
  readonly #clock: Clock;
  /** What all the work of this process has in common. */
  readonly #self: Pick<WorkOptions, 'worker' | 'name' | 'counter' | 'profiles'>;
  /** Jobs to keep away from, and until when. */
  readonly #shunned = new Map<string, number>();
  readonly #sharing: HostSharing;
  #idleSinceMs: number;
  #saidWaiting = false;
  /** The server was started for one job: when that is over, nothing else comes. */
  #isLast = false;
  #joined: string | undefined;

  constructor(cluster: Cluster, options: ServeOptions, clock: Clock, counter: WorkCounter) {
    this.#cluster = cluster;
    this.#options = options;
    this.#clock = clock;
    const profiles = new HostProfiles(clock);
    this.#sharing = new HostSharing(cluster, clock, profiles, (notice) =>
      options.onEvent({ kind: 'notice', job: this.#joined ?? '', notice }),
    );
    const name = `${hostname()}:${process.pid}`;
    this.#self = { worker: `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`, name, counter, profiles };
    this.#idleSinceMs = clock.nowMs();
  }

  async run(): Promise<void> {
    const { drain, abort, job: named, onEvent } = this.#options;
    while (drain?.aborted !== true && abort?.aborted !== true) {
      const job = await this.#whileWanted(this.#nextJob());
      const end = job === undefined ? undefined : await this.#workOn(job);
      if (named !== undefined && end?.reason === 'over') return;
      if (this.#isLast && (job === undefined || end?.reason === 'over')) return onEvent({ kind: 'last' });
      if (end !== undefined && end.reason !== 'idle') continue;
      if (this.#isTimedOut()) return onEvent({ kind: 'idle' });
      await sleep(this.#clock, LOOK_FOR_JOBS_MS, drain).catch(() => {});
    }
  }

  /** Hand over what other workers can use. */
  async close(): Promise<void> {
    await this.#sharing[Symbol.asyncDispose]();
  }

  /** A server that is away is waited for, but no longer than there is somebody to wait for it. */
  async #whileWanted<T>(asking: Promise<T>): Promise<T | undefined> {
    const { drain, idleTimeoutMs } = this.#options;
    const over = new AbortController();
    const leftMs =
      idleTimeoutMs === 0 ? LONGEST_WAIT_MS : Math.max(0, this.#idleSinceMs + idleTimeoutMs - this.#clock.nowMs());
    const signal = drain === undefined ? over.signal : AbortSignal.any([over.signal, drain]);
    const patience = sleep(this.#clock, leftMs, signal).catch(() => {});
    try {
      return await Promise.race([asking, patience.then(() => undefined)]);
    } catch (error) {
      if (!isFlowDcError(error) || error.code !== 'FDC_ERR_TRANSPORT_CONNECT') throw error;
      return this.#wait();
    } finally {
      over.abort();
      asking.catch(() => {});
    }
  }

  /** The one that was named, unseen: a worker may be allowed to know of no other. Else the oldest with work. */
  async #nextJob(): Promise<string | undefined> {
    const { job: named } = this.#options;
    if (named !== undefined) return named;
    const open: JobListing[] = [];
    for await (const listing of this.#cluster.jobs()) {
      if (!isOpen(listing.state)) this.#isLast ||= listing.description.ownServer === true;
      else if (!this.#isShunned(listing.id)) open.push(listing);
    }
    open.sort((a, b) => a.description.createdAtMs - b.description.createdAtMs);
    if (open.length === 0) this.#wait();
    return open[0]?.id;
  }

  /** @returns undefined when there was nothing to work on */
  async #workOn(id: string): Promise<WorkEnd | undefined> {
    const { job: named } = this.#options;
    let site: WorkSite | undefined;
    let end: WorkEnd | undefined;
    const rollForward = async (record: UnitRecord): Promise<void> => {
      // What another machine committed and did not finish. If its files are gone, the submitter finds out and says what
      // to do.
      if (site !== undefined) await site.settle(record, true);
    };
    const channel = await this.#whileWanted(this.#attach(id, rollForward));
    if (channel === undefined) return this.#wait();
    try {
      const { own, out } = this.#options;
      const onWait = (notice: string): void => this.#options.onEvent({ kind: 'notice', job: id, notice });
      site = await workSiteOf(channel.description, out, own, this.#clock, { onWait, stop: this.#options.drain });
      // A program that is missing here is no fault of the units.
      await site.destination.reach?.({ isNew: false, replaces: false });
      end = await this.#workIn(channel, site);
      return end;
    } catch (error) {
      // The server went away in this moment; it is waited for as at any other.
      if (isFlowDcError(error) && error.code === 'FDC_ERR_TRANSPORT_CONNECT') return this.#wait();
      if (named !== undefined || !isRefusal(error)) throw error;
      this.#leave({ kind: 'refused', job: id, error });
      this.#shun(id, REFUSED_FOR_MS);
      return undefined;
    } finally {
      await channel[Symbol.asyncDispose]();
      await site?.close(end?.reason === 'over');
    }
  }

  async #workIn(channel: ClusterChannel, { destination }: WorkSite): Promise<WorkEnd> {
    const config = workerConfig(channel.description.settings, this.#options.own);
    if (this.#joined !== channel.id) this.#options.onEvent({ kind: 'joined', job: channel.id, out: destination.name });
    this.#joined = channel.id;
    this.#isLast = channel.description.ownServer === true;
    this.#saidWaiting = false;
    const hostLimits = await this.#sharing.limitsFor(config);
    const pulse = new RowPulse();
    const endWatch = watchOver(pulse, destination.poisonFolder);
    const end = await workOnJob(channel, config, {
      ...this.#options,
      ...this.#self,
      destination,
      hostLimits,
      quotas: this.#sharing.quotas,
      pulse,
      idleMs: this.#patienceMs(),
      onNotice: (notice) => this.#options.onEvent({ kind: 'notice', job: channel.id, notice }),
    }).finally(endWatch);
    if (end.unitsTaken > 0) this.#idleSinceMs = this.#clock.nowMs() - end.idleMs;
    if (end.reason === 'idle') this.#shun(channel.id, LOOK_FOR_JOBS_MS);
    else this.#leave({ kind: 'left', job: channel.id, end, cancelled: channel.cancelled.aborted });
    return end;
  }

  #wait(): undefined {
    const { job, onEvent } = this.#options;
    if (!this.#saidWaiting) onEvent({ kind: 'waiting', job });
    this.#saidWaiting = true;
  }

  /**
   * A job that ended since it was listed, or ends while we look at it, is none: its submitter may be making it anew.
   */
  async #attach(id: string, rollForward: RollForward): Promise<ClusterChannel | undefined> {
    let channel: ClusterChannel | undefined;
    let isWanted = false;
    try {
      channel = await this.#cluster.attachJob(id, { rollForward });
      isWanted = (await channel.status()).state !== 'cancelled';
      if (isWanted) return channel;
    } catch (error) {
      const isOver =
        channel?.cancelled.aborted === true || (isFlowDcError(error) && error.code === 'FDC_ERR_JOB_MISSING');
      if (!isOver) throw error;
    } finally {
      if (!isWanted) await channel?.[Symbol.asyncDispose]();
    }
    this.#shun(id, LOOK_FOR_JOBS_MS);
    return undefined;
  }

  #leave(event: ServeEvent): void {
    this.#joined = undefined;
    this.#options.onEvent(event);
  }

  /** Other jobs are looked for only by who was not sent to one. */
  #patienceMs(): number | undefined {
    const { job: named, idleTimeoutMs } = this.#options;
    const left =
      idleTimeoutMs === 0
        ? Number.POSITIVE_INFINITY
        : Math.max(0, this.#idleSinceMs + idleTimeoutMs - this.#clock.nowMs());
    const idleMs = Math.min(left, named === undefined ? LEAVE_IDLE_MS : Number.POSITIVE_INFINITY);
    return Number.isFinite(idleMs) ? idleMs : undefined;
  }

  #isTimedOut(): boolean {
    const { idleTimeoutMs } = this.#options;
    return idleTimeoutMs > 0 && this.#clock.nowMs() - this.#idleSinceMs >= idleTimeoutMs;
  }

  #shun(job: string, forMs: number): void {
    this.#shunned.set(job, this.#clock.nowMs() + forMs);
  }

  #isShunned(job: string): boolean {
    return (this.#shunned.get(job) ?? 0) > this.#clock.nowMs();
  }
}

function isOpen(state: JobListing['state']): boolean {
  return state === 'publishing' || state === 'running';
}

/** Faults of the meeting of this machine and that job, rather than of either. */
function isRefusal(error: unknown): error is FlowDcError {
  return (
    isFlowDcError(error) &&
    ['FDC_ERR_JOB_MISSING', 'FDC_ERR_JOB_MISMATCH', 'FDC_ERR_CONFIG_INVALID', 'FDC_ERR_DEST_UNWRITABLE'].includes(
      error.code,
    )
  );
}
