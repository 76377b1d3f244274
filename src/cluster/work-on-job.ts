/** The working half of a job whose planning half runs elsewhere: this machine's part of the fetching and writing. */
import { type Clock, sleep, systemClock } from '../clock.ts';
import type { ResolvedConfig } from '../config/types.ts';
import type { Destination } from '../destination/destination.ts';
import { isFlowDcError } from '../errors.ts';
import type { HostLimits } from '../host-limits.ts';
import type { TimelineHost } from '../job/moment.ts';
import type { QuotaLedger } from '../quota/ledger.ts';
import type { UnitId, UnitRecord } from '../record.ts';
import { guardRun } from '../run/disk-guard.ts';
import { interrupted, RunControl, type RunSignals } from '../run/run-control.ts';
import { RunGauge } from '../run/run-gauge.ts';
import type { HostProfiles } from '../stages/fetch/schedule/host-profiles.ts';
import type { RowPulse } from '../structures/row-pulse.ts';
import type { WorkForce } from '../threads/force.ts';
import type { WorkedChannel } from '../threads/unit-exchange.ts';
import { openWorkForce } from '../threads/work-force.ts';
import type { ClusterChannel, WorkerHost } from '../transport/cluster.ts';
import { type Delivery, settledThrough } from '../transport/transport.ts';
import { LatencyTally } from './latency-tally.ts';
import { OrderedForce, tellPauses } from './obey-orders.ts';
import { shareUnits } from './share-units.ts';
import { startHeartbeat, type WorkCounter } from './worker.ts';

/** What works, for whoever watches and steers it. */
export interface WatchedWork extends Pick<WorkForce, 'stats' | 'hosts' | 'pause' | 'setHost' | 'mostAtOnce'> {
  /** All workers of the job are paused: how they go on, in words. */
  pausedElsewhere(): string | undefined;
}

export interface WorkOptions extends RunSignals {
  /** Unique per process start. */
  readonly worker: string;
  /** `machine:pid`, for people. */
  readonly name: string;
  readonly counter: WorkCounter;
  /** What is known of hosts, for all jobs of this process. */
  readonly profiles: HostProfiles;
  /** The output as this machine reaches it. */
  readonly destination: Destination;
  /** Shared with other workers; this process's own when absent. */
  readonly hostLimits?: HostLimits | undefined;
  /** Where quotas of hosts are counted, for all workers. */
  readonly quotas?: QuotaLedger | undefined;
  /** Where whoever watches over this thread sees which row it is on. */
  readonly pulse?: RowPulse | undefined;
  /** Leave the job after so long without a unit of it. */
  readonly idleMs?: number | undefined;
  /** Told of threads that were lost, a line each. */
  readonly onNotice?: ((notice: string) => void) | undefined;
  /** Told of what works, before it does, for somebody who watches and steers it. @returns called when it works no more */
  readonly onForce?: ((force: WatchedWork, job: ClusterChannel) => () => void) | undefined;
  /** All workers of the job were told to end. */
  readonly onTold?: (() => void) | undefined;
  readonly clock?: Clock | undefined;
}

export interface WorkEnd {
  /**
   * `over`: nothing is left to do, or the job was cancelled. `idle`: others hold what is left. `drained`: told to stop.
   */
  readonly reason: 'over' | 'idle' | 'drained';
  /** Units handed back unfinished. */
  readonly givenBack: number;
  readonly unitsTaken: number;
  /** How long there had been nothing to do at the end. */
  readonly idleMs: number;
}

/** Of the time that a worker has to end, this much, at most a quarter, is for handing back what it could not finish. */
const FAREWELL_MS = 2_000;

/** How often a worker looks whether it is idle. */
const IDLE_CHECK_MS = 500;

/**
 * Take units of the job, fetch them and write them, until there are none left or somebody says stop.
 * Errors: FDC_ERR_CONFIG_INVALID; FlowDcErrors of the stages; FDC_ERR_INTERRUPTED after `abort`.
 */
export async function workOnJob(
  channel: ClusterChannel,
  config: ResolvedConfig,
  options: WorkOptions,
): Promise<WorkEnd> {
  const clock = options.clock ?? systemClock;
  const { destination, profiles, worker, hostLimits, quotas, pulse } = options;
  const around = {
    destination,
    committer: channel,
    clock,
    profiles,
    worker,
    hostLimits,
    quotas,
    pulse,
    isSteered: true,
  };
  const force = openWorkForce(config, around, destination.name);
  const ordered = new OrderedForce(force, channel, () => options.onTold?.());
  const endTelling = tellPauses(channel, (line) => options.onNotice?.(line));
  const endForce = options.onForce?.(steeredBy(force, ordered), channel);
  const deliveries = new OpenDeliveries(channel, clock);
  const idle = new AbortController();
  const drain = options.drain === undefined ? idle.signal : AbortSignal.any([options.drain, idle.signal]);
  const drainMs = config.run.drainMs - Math.min(FAREWELL_MS, config.run.drainMs / 4);
  const control = new RunControl(clock, drainMs, { ...options, drain });
  control.stop.addEventListener('abort', () => destination.halt?.(control.stop.reason), { once: true });
  const windDown = (): void => destination.windDown?.(interrupted(), drainMs);
  options.drain?.addEventListener('abort', windDown, { once: true });
  if (options.drain?.aborted) windDown();
  const [gauge, latencies] = [new RunGauge(force, clock), new LatencyTally()];
  const endHeartbeat = startHeartbeat(channel, {
    ...options,
    clock,
    latencies: () => latencies.take(),
    now: () => {
      const { in_flight: inFlight, queued, hosts } = gauge.read();
      const state = control.drain.aborted ? 'draining' : 'working';
      const { heldBy } = force.stats();
      return { state, units: deliveries.units, inFlight, queued, hosts: hosts.map(workerHost), heldBy };
    },
  });
  const isEnding = (): boolean => control.drain.aborted;
  const endGuard = guardRun(config, destination, force, { clock, isEnding, onNotice: options.onNotice });
  const stopWatching = watchIdle(deliveries, clock, options.idleMs, () => idle.abort(new Error('no work')));
  const endSharing = shareUnits({ channel, worker, clock, giver: force, taking: deliveries });
  let [givenBack, idleMs] = [0, 0];
  try {
    // How many units wait is known to the server only.
    await control.run(Promise.resolve(), force.work(deliveries, control, { onNotice: options.onNotice }));
  } catch (error) {
    // An upload that failed while the worker was to end: its unit is somebody else's.
    if (options.drain?.aborted !== true || options.abort?.aborted === true || !isInterrupt(error)) throw error;
  } finally {
    endSharing();
    stopWatching();
    endGuard();
    options.drain?.removeEventListener('abort', windDown);
    control.release();
    endTelling();
    ordered.close();
    endForce?.();
    await force.close();
    // Whatever ended this, the rest is somebody else's from now on.
    idleMs = deliveries.idleMs;
    givenBack = await deliveries.giveBack();
    endHeartbeat();
    gauge.end();
    latencies.end();
  }
  const isDrained = options.drain?.aborted === true;
  const reason = isDrained ? 'drained' : idle.signal.aborted ? 'idle' : 'over';
  return { reason, givenBack, unitsTaken: deliveries.taken, idleMs };
}

/** What works, as whoever watches it sees it, who is not the only one that steers it. */
function steeredBy(force: WorkForce, ordered: OrderedForce): WatchedWork {
  return {
    stats: () => force.stats(),
    hosts: () => force.hosts(),
    pausedElsewhere: () => ordered.pausedElsewhere,
    mostAtOnce: force.mostAtOnce,
    pause: (isPaused) => ordered.pause(isPaused),
    setHost: (order) => ordered.setHost(order),
  };
}

function isInterrupt(error: unknown): boolean {
  return isFlowDcError(error) && error.code === 'FDC_ERR_INTERRUPTED';
}

function workerHost({ host, in_flight: inFlight, limit, waiting, rate: perSecond, state }: TimelineHost): WorkerHost {
  return { host, inFlight, limit, waiting, perSecond, state };
}

function watchIdle(
  deliveries: OpenDeliveries,
  clock: Clock,
  idleMs: number | undefined,
  onIdle: () => void,
): () => void {
  if (idleMs === undefined) return () => {};
  let cancel = (): void => {};
  const look = (): void => {
    if (deliveries.idleMs >= idleMs) return onIdle();
    cancel = clock.timer(Math.min(IDLE_CHECK_MS, idleMs), look);
  };
  look();
  return () => cancel();
}

/**
 * The units in the hands of this worker, whichever of its threads works on them: what a heartbeat tells, and what is
 * handed back when the worker leaves.
 */
export class OpenDeliveries implements WorkedChannel {
  readonly #channel: WorkedChannel;
  readonly #clock: Clock;
  readonly #open = new Set<Delivery>();
  /** Calls that wait for a unit. */
  readonly #looks = new Set<AbortController>();
  #holdUntilMs = 0;
  #idleSinceMs: number;
  #taken = 0;

  constructor(channel: WorkedChannel, clock: Clock) {
    this.#channel = channel;
    this.#clock = clock;
    this.#idleSinceMs = clock.nowMs();
  }

  get units(): UnitId[] {
    return [...this.#open].map(({ unit }) => unit.id);
  }

  /** So far. */
  get taken(): number {
    return this.#taken;
  }

  /** How long there has been nothing to work on. */
  get idleMs(): number {
    return this.#open.size > 0 ? 0 : this.#clock.nowMs() - this.#idleSinceMs;
  }

  /** As the channel's, with the delivery noted until it is settled one way or the other. */
  async next(signal?: AbortSignal): Promise<Delivery | undefined> {
    const delivery = await this.#take(signal);
    if (delivery === undefined) return undefined;
    this.#taken += 1;
    this.#open.add(delivery);
    delivery.signal.addEventListener('abort', () => this.#close(delivery), { once: true });
    const settle = async (settling: Promise<void>): Promise<void> => {
      await settling;
      this.#close(delivery);
    };
    const settled = settledThrough(delivery, settle);
    return { ...settled, pass: () => void settled.nak(0).catch(() => {}) };
  }

  /** Nothing is taken for so long, but by who has nothing left: others are to have what was handed back. */
  holdFor(ms: number): void {
    this.#holdUntilMs = this.#clock.nowMs() + ms;
    for (const look of this.#looks) look.abort(new Error('others are to have it'));
  }

  async #take(signal: AbortSignal | undefined): Promise<Delivery | undefined> {
    for (;;) {
      signal?.throwIfAborted();
      const look = new AbortController();
      const both = signal === undefined ? look.signal : AbortSignal.any([signal, look.signal]);
      this.#looks.add(look);
      try {
        const heldMs = this.#holdUntilMs - this.#clock.nowMs();
        if (heldMs <= 0 || this.#open.size === 0) return await this.#channel.next(both);
        await sleep(this.#clock, heldMs, both);
      } catch (error) {
        if (signal?.aborted || !look.signal.aborted) throw error;
      } finally {
        this.#looks.delete(look);
      }
    }
  }

  commit(record: UnitRecord): ReturnType<WorkedChannel['commit']> {
    return this.#channel.commit(record);
  }

  record(unit: UnitId): Promise<UnitRecord | undefined> {
    return this.#channel.record(unit);
  }

  /** Hand back what is still open, to be delivered elsewhere at once. @returns how many */
  async giveBack(): Promise<number> {
    const open = [...this.#open];
    await Promise.all(open.map((delivery) => delivery.nak(0).catch(() => {})));
    this.#open.clear();
    return open.length;
  }

  #close(delivery: Delivery): void {
    if (!this.#open.delete(delivery) || this.#open.size > 0) return;
    // Nothing left to do: a hold is over.
    if (this.#holdUntilMs > this.#clock.nowMs()) this.holdFor(0);
    this.#idleSinceMs = this.#clock.nowMs();
  }
}
