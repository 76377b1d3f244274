/** The contract between a gate and the controller that moves its limit, and the limit that never moves. */

/**
 * What a gate asks before it sends. Pure: times come in as monotonic milliseconds, nothing here reads a clock, starts a
 * timer or draws a random number. The gate calls every method from one thread.
 */
export interface Limit {
  /** How many requests may be in flight now; integer, at least 1 unless the host is out of bounds for us (0). */
  readonly permits: number;
  /** Least time between two sends, 0 for none. No credit accumulates while nothing is sent. */
  readonly spacingMs: number;
  /** No send before this time. 0 when not paused. A running pause never frees or holds permits. */
  readonly pauseUntilMs: number;
  /** When `tick` wants to be called next; Infinity for never. May move after any call. */
  readonly nextTickMs: number;
  /** Until when `permits` may be used, where that is known beforehand; they are looked at again by then. */
  readonly goodUntilMs?: number;
  /**
   * Where several threads share the limit: take a permit, or say that there is none now. The gate asks right before it
   * sends, and again soon when it was refused. A limit without it is one gate's own.
   * @param waitingSinceMs - since when rows have been waiting without a break
   */
  acquire?(nowMs: number, waitingSinceMs: number): boolean;
  /** With `acquire`: when the next request may leave, by the sends of all threads. */
  readonly nextSlotMs?: number;
  /** Where several threads share the limit: their connections to the host. */
  readonly connections?: Connections;
  /** Where several threads or machines share the limit: the replies to all of them show that the host refuses all. */
  readonly refusesAll?: boolean;
  /**
   * A request goes out.
   * @param inFlight - requests in flight including this one
   * @returns a token to hand back with the result; opaque to the gate
   */
  onSend(nowMs: number, inFlight: number): SendToken;
  /** A request ended. Called exactly once per token, also for a request that was aborted (`neutral`). */
  onResult(token: SendToken, outcome: Outcome, nowMs: number): void;
  /**
   * Time has come. Cheap when nothing is due.
   * @returns the decision taken, or undefined when nothing changed
   */
  tick(nowMs: number, load: Load): Transition | undefined;
  /** No row waits any more and nothing is in flight; there is no `tick` until one comes. */
  rest?(): void;
}

/**
 * The connections to a host that one gate may have, where several threads share it: over all of them no more than there
 * are permits, since a host that counts connections counts those that rest too.
 */
export interface Connections {
  /** One more is to be opened. @returns false when there may be none now */
  open(): boolean;
  /** One is not there any more, or was not opened after all. */
  closed(): void;
  /** Whether one that is free is due to another thread. */
  mustYield(): boolean;
  /** One is being closed for another thread, and counts until `yielded`. */
  yielding(): void;
  yielded(): void;
  /** What is called when another thread has too few, and ours may all rest. */
  onAsked(callback: () => void): void;
}

export type SendToken = number;

/**
 * How an attempt ended, as far as the host's capacity is concerned.
 * `ok`: 2xx or 3xx, the only one whose latency counts. `neutral`: says nothing about capacity. `rate`: 429.
 * `overload`: the host or the path could not carry it. `isShut`: the host refuses everything since some replies ago.
 * `isDenied`: the host denies a file, which many of them in a row are another word for.
 */
export type Outcome =
  | { readonly kind: 'ok'; readonly headersMs: number; readonly serviceMs: number; readonly bytes: number }
  | { readonly kind: 'neutral'; readonly isDenied?: boolean | undefined }
  | {
      readonly kind: 'rate';
      readonly serviceMs: number;
      readonly retryAfterMs?: number | undefined;
      readonly isShut?: boolean | undefined;
    }
  | { readonly kind: 'overload'; readonly serviceMs: number; readonly retryAfterMs?: number | undefined };

/** An outcome in one word: what it is, and what it says of the host's door. */
export type OutcomeName = Outcome['kind'] | 'denied' | 'shut';

export function nameOf(outcome: Outcome): OutcomeName {
  if (outcome.kind === 'neutral' && outcome.isDenied === true) return 'denied';
  return outcome.kind === 'rate' && outcome.isShut === true ? 'shut' : outcome.kind;
}

/** No word of a host stops it for longer, whoever passes that word on. */
const MAX_PAUSE_MS = 7 * 24 * 3_600_000;

/** The pause that an outcome asks for, ms, within a week; undefined when it asks for none. */
export function pauseOf(outcome: Outcome): number | undefined {
  if (outcome.kind !== 'rate' && outcome.kind !== 'overload') return undefined;
  const { retryAfterMs } = outcome;
  return retryAfterMs === undefined || !(retryAfterMs >= 0) ? undefined : Math.min(retryAfterMs, MAX_PAUSE_MS);
}

/** What only the caller can know about an interval: whether the host or we ourselves were the bottleneck. */
export interface Load {
  /** Requests in flight to this host now. */
  readonly inFlight: number;
  /** Rows waiting for this host now; 0 means that the supply of URLs limits. */
  readonly waiting: number;
  /** Event loop utilisation over the last second, 0..1. */
  readonly eventLoopUtilization: number;
  /** Share of the last second in which body budget, sink or global cap held us back, 0..1. */
  readonly clientLimited: number;
}

/** A decision, for telemetry: `from` and `to` are state names of the controller, `reason` says why in a few words. */
export interface Transition {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly permits: number;
  readonly requestsPerSecond: number;
  /** What the decision rests on; absent where the controller measures nothing. */
  readonly observed?: Observation | undefined;
}

/** One round as the controller saw it. Latencies in ms, NaN while there are none. */
export interface Observation {
  readonly inFlight: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** Unloaded median the controller compares with. */
  readonly baselineP50Ms: number;
  readonly goodputPerSecond: number;
  /** Share of results that were overloads. */
  readonly overloadShare: number;
}

/** A limit that never moves: `enable_paarc: false`, the baseline of benchmarks and the double of gate tests. */
export class FixedLimit implements Limit {
  readonly permits: number;
  readonly spacingMs: number;
  readonly nextTickMs = Number.POSITIVE_INFINITY;
  #pauseUntilMs = 0;

  /** @param requestsPerSecond - 0 for no limit on the rate */
  constructor(permits: number, requestsPerSecond = 0) {
    if (!Number.isInteger(permits) || permits < 1)
      throw new RangeError(`permits: expected an integer >= 1, got ${permits}`);
    if (!(requestsPerSecond >= 0))
      throw new RangeError(`requestsPerSecond: expected a number >= 0, got ${requestsPerSecond}`);
    this.permits = permits;
    this.spacingMs = requestsPerSecond > 0 ? 1000 / requestsPerSecond : 0;
  }

  get pauseUntilMs(): number {
    return this.#pauseUntilMs;
  }

  onSend(): SendToken {
    return 0;
  }

  /** Honours Retry-After, and nothing else: a fixed limit still must not poke a host that asked for quiet. */
  onResult(_token: SendToken, outcome: Outcome, nowMs: number): void {
    const pauseMs = pauseOf(outcome);
    if (pauseMs !== undefined) this.#pauseUntilMs = Math.max(this.#pauseUntilMs, nowMs + pauseMs);
  }

  tick(): undefined {
    return undefined;
  }
}
