/** What works on units in this process, as whoever runs it sees it, and what all of its forms have in common. */
import type { WorkSurroundings } from '../chain.ts';
import type { ResolvedConfig } from '../config/types.ts';
import type { HostLimits, HostOrder } from '../host-limits.ts';
import type { QuotaLedger } from '../quota/ledger.ts';
import type { HostLoad } from '../stages/fetch/result-stream.ts';
import { createLimits } from '../stages/fetch/schedule/create-limits.ts';
import { TunableLimits } from '../stages/fetch/schedule/tunable-limits.ts';
import type { WorkedChannel } from './unit-exchange.ts';

/** All threads together. */
export interface ForceStats {
  readonly inFlight: number;
  readonly queued: number;
  /** Time in which sinks held back what comes before them, ms, added up over the threads. */
  readonly heldMs: number;
  /** At work, the first one among them. */
  readonly threads: number;
  /** Of the memory for bodies that is in use, 0..1. */
  readonly bodyShare: number;
  /** Why nothing is sent; absent where it is. */
  readonly heldBy?: HeldBy | undefined;
}

export interface WorkForce {
  stats(): ForceStats;
  busiestHosts(most: number): HostLoad[];
  /** All hosts with rows, in any order. */
  hosts(): HostLoad[];
  /**
   * Nothing more is sent until who said so takes it back, or it drains; what is in flight goes on.
   * @param by - who says so; default: somebody's order
   */
  pause(isPaused: boolean, by?: HeldBy): void;
  /** Requests at once that a host gets at most, whatever is said of it: the law's own bound. */
  readonly mostAtOnce: number;
  /** From now on, in place of what was said before. Limits are those of the configuration unless `isSteered` was said. */
  setHost(order: HostOrder): void;
  /** Work on the channel's units until there are none left, or somebody says stop. Once. */
  work(channel: WorkedChannel, signals: WorkSignals, around?: WorkAround): Promise<void>;
  /** Units that were taken and not begun. */
  readonly spareUnits: number;
  /** Hand so many of them back to the channel, for other processes. */
  release(units: number): void;
  /** End everything: stages, threads, controllers. */
  close(): Promise<void>;
}

export interface WorkSignals {
  readonly drain: AbortSignal;
  readonly stop: AbortSignal;
}

export interface WorkAround {
  /** How many units there are that nobody works on; without it there may be any number. */
  readonly unitsWaiting?: (() => number) | undefined;
  /** Told of threads that were lost, a line each. */
  readonly onNotice?: ((notice: string) => void) | undefined;
}

export interface ForceSurroundings extends WorkSurroundings {
  /** Somebody may say something else of a host's limit than the configuration does, which costs a look at every request. */
  readonly isSteered?: boolean | undefined;
  /** Where quotas of hosts are counted, in place of what this process knows of them. */
  readonly quotas?: QuotaLedger | undefined;
}

export type HeldBy = 'order' | 'disk';

/** Held while anybody says so, until what is open is to be finished: then nothing may keep it. */
export class Holds {
  readonly #by = new Set<HeldBy>();
  readonly #apply: (isHeld: boolean) => void;
  #isEnding = false;

  constructor(apply: (isHeld: boolean) => void) {
    this.#apply = apply;
  }

  get isHeld(): boolean {
    return this.by !== undefined;
  }

  /** What an order cannot end goes first. */
  get by(): HeldBy | undefined {
    if (this.#isEnding) return undefined;
    return this.#by.has('disk') ? 'disk' : this.#by.has('order') ? 'order' : undefined;
  }

  say(isHeld: boolean, by: HeldBy): void {
    if (isHeld) this.#by.add(by);
    else this.#by.delete(by);
    this.#apply(this.isHeld);
  }

  endAt(drain: AbortSignal): void {
    const end = (): void => {
      this.#isEnding = true;
      this.#apply(false);
    };
    drain.addEventListener('abort', end, { once: true });
  }
}

export function tunable(config: ResolvedConfig, around: ForceSurroundings): TunableLimits | undefined {
  if (around.isSteered !== true) return undefined;
  return new TunableLimits(around.hostLimits ?? ownControllers(config, around));
}

/** Whatever is said of a host while a run goes on, it gets no more requests at once than this. */
export function mostAtOnce({ fetch, paarc }: Pick<ResolvedConfig, 'fetch' | 'paarc'>): number {
  return !fetch.enablePaarc || fetch.law === 'fixed' ? fetch.perHostConcurrency : paarc.cMax;
}

export function ownControllers({ fetch, paarc }: ResolvedConfig, { clock, profiles }: WorkSurroundings): HostLimits {
  return createLimits(fetch, paarc, { clock, random: Math.random, profiles });
}
