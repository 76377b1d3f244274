/** Time limits of attempts: thousands at once on one timer, each standing still while we ourselves are what waits. */
import type { Clock } from '../../../clock.ts';

/** Settled entries that are carried along before they are swept out. */
const MAX_SETTLED = 1024;

interface Entry {
  readonly atMs: number;
  /** Undefined once settled. */
  expire: (() => void) | undefined;
}

/**
 * Limits of one length, so that they fall due in the order in which they were set: a queue with a timer for its head.
 * Setting and settling one costs no timer of its own.
 */
export class Deadlines {
  readonly limitMs: number;
  readonly clock: Clock;
  #entries: Entry[] = [];
  #head = 0;
  #live = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock, limitMs: number) {
    this.clock = clock;
    this.limitMs = limitMs;
  }

  /** Call `expire` once `limitMs` from now. */
  add(expire: () => void): Entry {
    const entry: Entry = { atMs: this.clock.nowMs() + this.limitMs, expire };
    this.#entries.push(entry);
    this.#live += 1;
    if (this.#cancelTimer === undefined) this.#arm(entry.atMs);
    return entry;
  }

  /** The entry will not expire. */
  settle(entry: Entry): void {
    if (entry.expire === undefined) return;
    entry.expire = undefined;
    this.#live -= 1;
    if (this.#live === 0) {
      this.#entries.length = 0;
      this.#head = 0;
      this.#cancelTimer?.();
      this.#cancelTimer = undefined;
    } else if (this.#entries.length - this.#live > MAX_SETTLED + this.#live) {
      this.#entries = this.#entries.filter(({ expire }) => expire !== undefined);
      this.#head = 0;
    }
  }

  #arm(atMs: number): void {
    this.#cancelTimer = this.clock.timer(atMs - this.clock.nowMs(), () => {
      this.#cancelTimer = undefined;
      this.#expireDue();
    });
  }

  #expireDue(): void {
    const nowMs = this.clock.nowMs();
    for (let entry = this.#entries[this.#head]; entry !== undefined; entry = this.#entries[this.#head]) {
      const { expire } = entry;
      if (expire !== undefined && entry.atMs > nowMs) {
        if (this.#cancelTimer === undefined) this.#arm(entry.atMs);
        return;
      }
      this.#head += 1;
      if (expire === undefined) continue;
      this.settle(entry);
      expire();
    }
  }
}

/** One attempt's limit. Paused, which is rare, it goes on by a timer of its own. */
export class Deadline {
  readonly #deadlines: Deadlines;
  readonly #expire: () => void;
  #entry: Entry | undefined;
  #leftMs: number;
  #startedMs: number;
  #cancelTimer: (() => void) | undefined;

  /** @param spentMs - of the limit, before now: it goes on by a timer of its own then, too */
  constructor(deadlines: Deadlines, expire: () => void, spentMs = 0) {
    this.#deadlines = deadlines;
    this.#expire = expire;
    this.#leftMs = Math.max(0, deadlines.limitMs - spentMs);
    this.#startedMs = deadlines.clock.nowMs();
    if (spentMs > 0) this.resume();
    else this.#entry = deadlines.add(expire);
  }

  pause(): void {
    if (this.#entry === undefined && this.#cancelTimer === undefined) return;
    this.stop();
    this.#leftMs -= this.#deadlines.clock.nowMs() - this.#startedMs;
  }

  resume(): void {
    if (this.#entry !== undefined || this.#cancelTimer !== undefined) return;
    this.#startedMs = this.#deadlines.clock.nowMs();
    this.#cancelTimer = this.#deadlines.clock.timer(this.#leftMs, this.#expire);
  }

  stop(): void {
    if (this.#entry !== undefined) this.#deadlines.settle(this.#entry);
    this.#entry = undefined;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}

/** Hosts may have a time limit of their own. */
export class DeadlinesByLength {
  readonly #clock: Clock;
  readonly #byMs = new Map<number, Deadlines>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(limitMs: number): Deadlines {
    let deadlines = this.#byMs.get(limitMs);
    if (deadlines === undefined) {
      deadlines = new Deadlines(this.#clock, limitMs);
      this.#byMs.set(limitMs, deadlines);
    }
    return deadlines;
  }
}
