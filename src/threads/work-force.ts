/** The working half in this thread and, when it is called for, in others: one set of limits over all of them. */
import { availableParallelism } from 'node:os';
import { addressSpaceLimit, threadsWithin } from '../address-space.ts';
import { openWorkStages, type WorkStages, work } from '../chain.ts';
import type { ResolvedConfig } from '../config/types.ts';
import { StreamDestination } from '../destination/stream-destination.ts';
import type { HostOrder } from '../host-limits.ts';
import { openFileLimit } from '../open-files.ts';
import { withQuotas } from '../quota/quota-limit.ts';
import type { HostLoad } from '../stages/fetch/result-stream.ts';
import type { TunableLimits } from '../stages/fetch/schedule/tunable-limits.ts';
import type { CrewPace } from './crew.ts';
import {
  type ForceStats,
  type ForceSurroundings,
  type HeldBy,
  Holds,
  mostAtOnce,
  ownControllers,
  tunable,
  type WorkForce,
  type WorkSignals,
} from './force.ts';
import { ManyThreads } from './many-threads.ts';
import type { WorkedChannel } from './unit-exchange.ts';

/** As many as may be asked for. */
const MAX_THREADS = 64;
/** No thread gets less memory for bodies than a run must have at least. */
const LEAST_BODY_BYTES = 1_048_576;
/** Nor fewer open files, which would make it slower than one thread that has all. Chosen. */
const LEAST_FILES = 256;

/** Build the working half; threads are started later. Errors: FDC_ERR_CONFIG_INVALID. */
export function openWorkForce(
  config: ResolvedConfig,
  around: ForceSurroundings,
  output: string,
  pace?: Partial<CrewPace>,
): WorkForce {
  const memory = Math.floor(config.fetch.bodyMemoryBytes / LEAST_BODY_BYTES);
  const files = Math.floor((openFileLimit() ?? Number.POSITIVE_INFINITY) / LEAST_FILES);
  const most = Math.min(MAX_THREADS, memory, files, threadsWithin(addressSpaceLimit()));
  const isGiven = config.run.threads > 0;
  const wanted = isGiven ? config.run.threads : availableParallelism();
  // What a stream has of a unit is known to one thread, and nobody else could go on with it.
  const threads = around.destination instanceof StreamDestination ? 1 : Math.min(most, wanted);
  // Who says how many does not ask whether they are worth it.
  const ownPace = { ...(isGiven && { busyLooks: 0 }), ...pace };
  const { clock, profiles, quotas: ledger = profiles.spent } = around;
  const hostLimits = withQuotas(around.hostLimits ?? ownControllers(config, around), { clock, ledger });
  return threads <= 1
    ? new OneThread(config, { ...around, hostLimits })
    : new ManyThreads(config, { ...around, hostLimits }, { output, threads, pace: ownPace });
}

class OneThread implements WorkForce {
  readonly #stages: WorkStages;
  readonly mostAtOnce: number;
  readonly #limits: TunableLimits | undefined;
  readonly #bodyBytes: number;
  readonly #holds = new Holds((isHeld) => this.#stages[0].keepStill(isHeld));

  constructor(config: ResolvedConfig, around: ForceSurroundings) {
    this.mostAtOnce = mostAtOnce(config);
    this.#limits = tunable(config, around);
    this.#bodyBytes = config.fetch.bodyMemoryBytes;
    this.#stages = openWorkStages(config, { ...around, hostLimits: this.#limits ?? around.hostLimits });
  }

  stats(): ForceStats {
    const [fetch, sink] = this.#stages;
    const { inFlight, queued, bodyBytesHeld } = fetch.stats();
    const bodyShare = bodyBytesHeld / this.#bodyBytes;
    return { inFlight, queued, heldMs: sink.stats().writeWaitMs, threads: 1, bodyShare, heldBy: this.#holds.by };
  }

  hosts(): HostLoad[] {
    return this.#stages[0].hosts();
  }

  pause(isPaused: boolean, by: HeldBy = 'order'): void {
    this.#holds.say(isPaused, by);
  }

  setHost(order: HostOrder): void {
    this.#limits?.setHost(order);
    this.#stages[0].setHost(order);
  }

  busiestHosts(most: number): HostLoad[] {
    return this.#stages[0].busiestHosts(most);
  }

  work(channel: WorkedChannel, signals: WorkSignals): Promise<void> {
    this.#holds.endAt(signals.drain);
    return work(channel, this.#stages, signals);
  }

  get spareUnits(): number {
    return this.#stages[0].spareUnits;
  }

  release(units: number): void {
    this.#stages[0].passOn(units);
  }

  async close(): Promise<void> {
    for (const stage of this.#stages) stage.destroy();
  }
}
