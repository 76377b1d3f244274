/** A worker's limit for a host that may be shared. */
import { type Share, ShareLimit } from '../paarc/index.ts';
import type { Limit, Load, Outcome, SendToken, Transition } from '../paarc/limit.ts';
import { stopMs } from '../paarc/share.ts';

/**
 * `alone`: nobody shares the host, a few requests need no lease. `closed`: others share it and we have no part in it.
 * `member`: our part is what the host's leader grants.
 */
export type SeatMode = 'alone' | 'closed' | 'member';

/**
 * A grant may come at any time and the gate asks when it is told to. Rows on a host without a lease can wait longer for
 * one.
 */
const lookMs = { alone: 200, closed: 50, member: 50 } as const;

export interface SharedLimitOptions {
  readonly nowMs: () => number;
  /** This worker's lease is good. Asked before every send. */
  readonly isLeased: () => boolean;
  /** Until when it is, unless it is prolonged by then. */
  readonly leasedUntilMs: () => number;
  /** Permits, spacing or pause are others than before. */
  readonly onChange: () => void;
  /** The controller while nobody shares the host; never above what needs no lease. */
  readonly alone: Limit;
  /** Least time between two sends while alone, from the host's rule, and most in flight. */
  readonly leastSpacingMs: () => number;
  readonly cMax: number;
  /** The limit wants to be looked at: rows wait, or the host has refused something. */
  readonly onDemand: () => void;
  /** @param quietMs - how long nobody should send; 0 when that is not said */
  readonly onRefusal: (quietMs: number) => void;
}

interface Flight {
  readonly sentMs: number;
  readonly owner: Limit;
  readonly token: SendToken;
}

/** One worker's limit for one host whose budget may be shared; changes its master without the gate noticing. */
export class SharedLimit implements Limit {
  readonly #options: SharedLimitOptions;
  readonly #flights = new Map<SendToken, Flight>();
  #nextToken = 0;
  #mode: SeatMode = 'alone';
  #share: ShareLimit | undefined;
  #visit = 0;
  #epoch = 0;
  #seq = 0;
  #pauseUntilMs = 0;
  #stoppedMs = Number.NEGATIVE_INFINITY;
  #load: Load = { inFlight: 0, waiting: 0, eventLoopUtilization: 0, clientLimited: 0 };
  #lookedMs = 0;
  #busyMs: number;

  constructor(options: SharedLimitOptions) {
    this.#options = options;
    this.#busyMs = options.nowMs();
  }

  get mode(): SeatMode {
    return this.#mode;
  }
  /** Counts the memberships. */
  get visit(): number {
    return this.#visit;
  }
  get inFlight(): number {
    return this.#flights.size;
  }
  /** Rows that wait, as far as the gate has told. */
  get waiting(): number {
    return this.#load.waiting;
  }
  /** Last time with a row waiting or in flight. */
  get busyMs(): number {
    return this.#flights.size > 0 ? this.#options.nowMs() : this.#busyMs;
  }
  /** The grant that is obeyed. */
  get applied(): { readonly epoch: number; readonly seq: number; readonly permits: number } {
    return { epoch: this.#epoch, seq: this.#seq, permits: this.#share?.permits ?? 0 };
  }

  get permits(): number {
    if (this.#mode === 'alone') return this.#options.alone.permits;
    if (this.#mode === 'closed' || this.#share === undefined || !this.#options.isLeased()) return 0;
    return Math.min(this.#share.permits, this.#options.cMax);
  }
  get goodUntilMs(): number {
    return this.#mode === 'member' ? this.#options.leasedUntilMs() : Number.POSITIVE_INFINITY;
  }
  get spacingMs(): number {
    return this.#mode === 'alone'
      ? Math.max(this.#options.alone.spacingMs, this.#options.leastSpacingMs())
      : (this.#share?.spacingMs ?? 0);
  }
  get pauseUntilMs(): number {
    const master = this.#mode === 'alone' ? this.#options.alone : this.#share;
    return Math.max(this.#pauseUntilMs, master?.pauseUntilMs ?? 0);
  }
  get refusesAll(): boolean {
    return this.#mode === 'member' && this.#share?.refusesAll === true;
  }
  get nextTickMs(): number {
    const lookAtMs = this.#lookedMs + lookMs[this.#mode];
    return this.#mode === 'alone' ? Math.min(lookAtMs, this.#options.alone.nextTickMs) : lookAtMs;
  }

  onSend(nowMs: number, inFlight: number): SendToken {
    const owner = this.#mode === 'alone' || this.#share === undefined ? this.#options.alone : this.#share;
    const token = this.#nextToken++;
    this.#flights.set(token, { sentMs: nowMs, owner, token: owner.onSend(nowMs, inFlight) });
    if (this.#load.waiting > 0) this.#load = { ...this.#load, waiting: this.#load.waiting - 1 };
    return token;
  }

  onResult(token: SendToken, outcome: Outcome, nowMs: number): void {
    const flight = this.#flights.get(token);
    if (flight === undefined) throw new RangeError(`token ${token}: not in flight; every send has exactly one result`);
    this.#flights.delete(token);
    this.#busyMs = nowMs;
    flight.owner.onResult(flight.token, outcome, nowMs);
    if (outcome.kind !== 'rate' && outcome.kind !== 'overload') return;
    const quietMs = outcome.retryAfterMs ?? (outcome.kind === 'rate' && this.#isNews(flight) ? stopMs : 0);
    if (quietMs > 0) this.pause(nowMs + quietMs, nowMs);
    this.#options.onRefusal(quietMs);
  }

  /**
   * The refusal of a request from before the last stop says what is known already; alone, the controller has its own
   * ways.
   */
  #isNews({ sentMs }: Flight): boolean {
    return this.#mode === 'member' && sentMs > this.#stoppedMs;
  }

  tick(nowMs: number, load: Load): Transition | undefined {
    this.#load = load;
    this.#lookedMs = nowMs;
    if (load.waiting > 0) this.#busyMs = nowMs;
    this.#share?.tick(nowMs);
    if (load.waiting > 0) this.#options.onDemand();
    return this.#mode === 'alone' ? this.#options.alone.tick(nowMs, load) : undefined;
  }

  /** No send before `untilMs`, whoever is in charge. */
  pause(untilMs: number, nowMs: number): void {
    this.#stoppedMs = nowMs;
    this.#pauseUntilMs = Math.max(this.#pauseUntilMs, untilMs);
    this.#options.onChange();
  }

  /** Become a member under this worker's name, without permits until the leader grants some. */
  join(worker: string, nowMs: number): void {
    this.#mode = 'member';
    this.#visit += 1;
    this.#share = new ShareLimit(worker, nowMs);
    this.#epoch = 0;
    this.#seq = 0;
    this.#busyMs = nowMs;
    this.#options.onChange();
  }

  /** Give the membership back. */
  leave(mode: 'alone' | 'closed'): void {
    this.#mode = mode;
    this.#share = undefined;
    this.#options.onChange();
  }

  /**
   * Obey a grant, if it is the newest yet. A pause counts in any case.
   * @returns false when it was not for us: we are no member
   */
  apply(
    { epoch, seq }: { readonly epoch: number; readonly seq: number },
    share: Share & { readonly visit: number },
    nowMs: number,
  ): boolean {
    if (share.pauseUntilMs > nowMs) this.pause(share.pauseUntilMs, nowMs);
    if (this.#share === undefined) return false;
    if (share.visit !== this.#visit) return true;
    if (epoch < this.#epoch || (epoch === this.#epoch && seq <= this.#seq)) return true;
    this.#epoch = epoch;
    this.#seq = seq;
    this.#share.apply(share, nowMs);
    this.#options.onChange();
    return true;
  }

  /** The diary since the last call, for the leader; undefined when not a member. */
  takeReport() {
    return this.#share?.takeReport({ ...this.#load, inFlight: this.inFlight });
  }
}
