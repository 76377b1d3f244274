/** Which workers share the budgets: this one under its name and lease, and who else is alive, all by heartbeats. */
import type { Heartbeat } from './host-record.ts';

/** How often a worker says that it is there, and when the others give it up. */
export interface Timing {
  readonly heartbeatMs: number;
  /** A heartbeat that was confirmed is good for so long, counted from the moment before it was sent. */
  readonly ttlMs: number;
}

/**
 * Between the end of a worker's lease and the moment in which others use its share: the drift of two clocks over a
 * lease, with room.
 */
const marginMs = 1000;
/**
 * Above so many workers everybody's heartbeats to everybody cost more than a slower farewell. Source: K^2 messages,
 * measured at K = 4.
 */
const manyWorkers = 16;
/** A worker that was given up so long ago is not remembered. */
const forgetMs = 60_000;

/** @param workers - alive now, this one among them */
export function timingFor(workers: number): Timing {
  return workers > manyWorkers ? { heartbeatMs: 5000, ttlMs: 15_000 } : { heartbeatMs: 1000, ttlMs: 3000 };
}

interface Heard {
  atMs: number;
  ttlMs: number;
  /** It has spoken; a worker that is only named in some record may never have. */
  hasSpoken: boolean;
  /** It said itself, under a new name, that it is over. */
  isOver: boolean;
}

/**
 * Who is alive, by their heartbeats on my monotonic clock. Heartbeats come in one order to all, so one of mine that
 * comes back proves that every heartbeat before it has reached me too: a worker whose lease had ended when that one
 * left is over. My own clock alone proves nothing: while I hear nobody, or what was said in the meantime has not
 * reached me yet, nobody is given up.
 */
export class Liveness {
  #self: string;
  readonly #heard = new Map<string, Heard>();
  /** When the newest heartbeat of mine that came back had left. */
  #echoedMs = Number.NEGATIVE_INFINITY;
  #sentMs = Number.NEGATIVE_INFINITY;

  /** @param self - this worker's incarnation */
  constructor(self: string) {
    this.#self = self;
  }

  /** This worker goes on under a new name. */
  rename(self: string): void {
    this.#self = self;
  }

  /** A heartbeat of mine leaves. */
  send(nowMs: number): void {
    this.#sentMs = nowMs;
  }

  /** A heartbeat came in. */
  hear(worker: string, { ttlMs, sentMs, replaces }: Heartbeat, nowMs: number): void {
    if (worker === this.#self) {
      this.#echoedMs = Math.max(this.#echoedMs, sentMs);
      return;
    }
    const heard = this.#heard.get(worker);
    this.#heard.set(worker, { atMs: nowMs, ttlMs, hasSpoken: true, isOver: heard?.isOver ?? false });
    if (replaces === undefined || replaces === worker) return;
    this.#heard.set(replaces, { atMs: nowMs, ttlMs, hasSpoken: true, isOver: true });
  }

  /** This worker left in good order. */
  over(worker: string, nowMs: number): void {
    const heard = this.#heard.get(worker);
    this.#heard.set(worker, { atMs: nowMs, ttlMs: heard?.ttlMs ?? 0, hasSpoken: true, isOver: true });
  }

  /** Alive until it was silent for its lease and a margin. A name that is new to us has that time from now. */
  isAlive(worker: string, nowMs: number): boolean {
    if (worker === this.#self) return true;
    let heard = this.#heard.get(worker);
    if (heard === undefined) {
      heard = { atMs: nowMs, ttlMs: timingFor(1).ttlMs, hasSpoken: false, isOver: false };
      this.#heard.set(worker, heard);
    }
    return !heard.isOver && isWithin(heard, this.#echoedMs);
  }

  /** Everybody else who has spoken and is alive. */
  others(nowMs: number): string[] {
    const alive: string[] = [];
    for (const [worker, heard] of this.#heard) {
      if (this.#echoedMs - heard.atMs > forgetMs) this.#heard.delete(worker);
      else if (worker !== this.#self && heard.hasSpoken && this.isAlive(worker, nowMs)) alive.push(worker);
    }
    return alive;
  }

  /** Somebody seems to be gone, and only a heartbeat of mine that leaves now can prove it. */
  hasDoubts(nowMs: number): boolean {
    for (const heard of this.#heard.values())
      if (!heard.isOver && !isWithin(heard, nowMs) && isWithin(heard, this.#sentMs)) return true;
    return false;
  }
}

/** The worker's lease, and a margin, last at least until `atMs`. */
function isWithin({ atMs: heardMs, ttlMs }: Heard, atMs: number): boolean {
  return atMs - heardMs <= ttlMs + marginMs;
}

/**
 * This worker's right to use what others granted it: good for a time from before each heartbeat that was confirmed, and
 * never after that.
 */
export class BudgetLease {
  #worker: string;
  #replaces: string | undefined;
  #untilMs = Number.NEGATIVE_INFINITY;

  /** @param worker - the first incarnation */
  constructor(worker: string) {
    this.#worker = worker;
  }

  /** The incarnation that holds, or will hold, the lease. */
  get worker(): string {
    return this.#worker;
  }
  /** The incarnation before it. */
  get replaces(): string | undefined {
    return this.#replaces;
  }

  get untilMs(): number {
    return this.#untilMs;
  }

  isGood(nowMs: number): boolean {
    return nowMs < this.#untilMs;
  }

  /** It was good and is not any more. */
  hasEnded(nowMs: number): boolean {
    return this.#untilMs > Number.NEGATIVE_INFINITY && nowMs >= this.#untilMs;
  }

  /** A heartbeat of `worker` has arrived. Too late for a lease that has ended: others may have counted on that. */
  confirm(worker: string, { sentMs, ttlMs }: Heartbeat, nowMs: number): void {
    if (worker === this.#worker && !this.hasEnded(nowMs)) this.#untilMs = Math.max(this.#untilMs, sentMs + ttlMs);
  }

  /** Go on as somebody new, without a lease. */
  renew(worker: string): void {
    this.#replaces = this.#worker;
    this.#worker = worker;
    this.#untilMs = Number.NEGATIVE_INFINITY;
  }
}

/** This worker's name and lease, and who else is there: both by heartbeats. */
export class Membership {
  readonly #lease: BudgetLease;
  readonly #liveness: Liveness;

  /** @param worker - the first incarnation */
  constructor(worker: string) {
    this.#lease = new BudgetLease(worker);
    this.#liveness = new Liveness(worker);
  }

  /** This worker's present name. */
  get worker(): string {
    return this.#lease.worker;
  }

  /** Until when the lease is good, as far as it is confirmed. */
  get leasedUntilMs(): number {
    return this.#lease.untilMs;
  }
  isLeased(nowMs: number): boolean {
    return this.#lease.isGood(nowMs);
  }
  hasEnded(nowMs: number): boolean {
    return this.#lease.hasEnded(nowMs);
  }

  isAlive(worker: string, nowMs: number): boolean {
    return this.#liveness.isAlive(worker, nowMs);
  }
  /** Everybody else who is alive. */
  others(nowMs: number): string[] {
    return this.#liveness.others(nowMs);
  }
  /** A heartbeat should leave now, whenever the next one would be due. */
  hasDoubts(nowMs: number): boolean {
    return this.#liveness.hasDoubts(nowMs);
  }

  /**
   * A heartbeat leaves now.
   * @param isDrained - nothing of what a former incarnation was granted is in flight any more: only then may it be
   * called over
   */
  heartbeat(isDrained: boolean, nowMs: number): { readonly words: Heartbeat; readonly heartbeatMs: number } {
    const { ttlMs, heartbeatMs } = timingFor(1 + this.others(nowMs).length);
    this.#liveness.send(nowMs);
    const { replaces } = this.#lease;
    return { words: { ttlMs, sentMs: nowMs, replaces: isDrained ? replaces : undefined }, heartbeatMs };
  }

  /** A heartbeat of ours has arrived. */
  confirm(incarnation: string, words: Heartbeat, nowMs: number): void {
    this.#lease.confirm(incarnation, words, nowMs);
  }

  /** Anybody's heartbeat, ours among them; `undefined` when the key was deleted. */
  hear(worker: string, heartbeat: Heartbeat | undefined, nowMs: number): void {
    if (heartbeat === undefined) this.#liveness.over(worker, nowMs);
    else this.#liveness.hear(worker, heartbeat, nowMs);
  }

  /** Go on as somebody new. */
  renew(worker: string, nowMs: number): void {
    const former = this.worker;
    this.#lease.renew(worker);
    this.#liveness.rename(worker);
    this.#liveness.over(former, nowMs);
  }
}
