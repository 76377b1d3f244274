/** How often a worker says that it is there, and when the others give it up. */
export interface Timing {
  readonly heartbeatMs: number;
  /** A heartbeat that was confirmed is good for so long, counted from the moment before it was sent. */
  readonly ttlMs: number;
}

/** Between the end of a worker's lease and the moment in which others use its share: the drift of two clocks over a lease, with room. */
const marginMs = 1000;
/** Above so many workers everybody's heartbeats to everybody cost more than a slower farewell. Source: K^2 messages, measured at K = 4. */
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
 * Who is alive, by their heartbeats on my monotonic clock. Nobody is given up while I hear nothing at all, my own heartbeats included:
 * heartbeats come in one order to all, so my own echo proves that those before it have reached me too.
 */
export class Liveness {
  #self: string;
  readonly #heard = new Map<string, Heard>();
  #echoMs = Number.NEGATIVE_INFINITY;
  #echoGapMs = 0;

  /** @param self - this worker's incarnation */
  constructor(self: string) {
    this.#self = self;
  }

  /** This worker goes on under a new name. */
  rename(self: string): void {
    this.#self = self;
  }

  /** A heartbeat came in. `replaces` is the sender's former incarnation, if it had one. */
  hear(worker: string, ttlMs: number, replaces: string | undefined, nowMs: number): void {
    if (worker === this.#self) this.#echo(ttlMs, nowMs);
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
    if (heard.isOver) return false;
    return !this.isHearing(nowMs) || nowMs - heard.atMs <= heard.ttlMs + marginMs;
  }

  /** Everybody else who has spoken and is alive. */
  others(nowMs: number): string[] {
    const alive: string[] = [];
    for (const [worker, heard] of this.#heard) {
      if (nowMs - heard.atMs > forgetMs) this.#heard.delete(worker);
      else if (worker !== this.#self && heard.hasSpoken && this.isAlive(worker, nowMs)) alive.push(worker);
    }
    return alive;
  }

  /** My own heartbeats come back to me, so silence of others means something. */
  isHearing(nowMs: number): boolean {
    return nowMs - this.#echoMs <= this.#echoGapMs;
  }

  #echo(ttlMs: number, nowMs: number): void {
    // After a time of deafness everybody gets a whole lease to be heard again.
    if (!this.isHearing(nowMs)) for (const heard of this.#heard.values()) heard.atMs = nowMs;
    this.#echoMs = nowMs;
    this.#echoGapMs = ttlMs;
  }
}
