/** Who is alive, by heartbeats on my own clock. */
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
