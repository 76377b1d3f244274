/** What one round has measured, and errors added up over rounds. */
import type { Load, Observation } from './limit.ts';
import { keptDurations } from './tuning.ts';

/** What one round has measured. Latencies in ms, throughput in results per second, shares in 0..1. */
export interface Interval {
  /** Since the round began to measure; 0 while it still settles. */
  readonly elapsedMs: number;
  /** Results with a latency (n). */
  readonly samples: number;
  /** All results but 429, since the limit last moved. */
  readonly results: number;
  readonly overloads: number;
  /**
   * Time spent by overload results over time spent by all: fast refusals recycle permits and inflate the count, not
   * this.
   */
  readonly overloadTimeShare: number;
  /**
   * Second least number in flight at the send of an overload result, so that one chance error decides nothing; Infinity
   * without two.
   */
  readonly leastInFlightOverloaded: number;
  /** X = n / T. */
  readonly throughputPerS: number;
  /** NaN without samples. */
  readonly p25Ms: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  /**
   * How long a request takes on the whole, those included that are still under way: in flight over throughput (Little).
   * The median says nothing of few slow ones that pile up behind many fast ones.
   */
  readonly meanMs: number;
  /** Share of looks that found at least 0.9 of the permits in use. */
  readonly saturation: number;
  /** We ourselves were the bottleneck. */
  readonly clientLimited: boolean;
  readonly durations: readonly number[];
}

/**
 * Collects one round. A round settles first: results of before a change of the limit must not be read as its effect.
 */
export class IntervalCollector {
  /** When the limit took its present value; it settles until `startMs`. */
  readonly sinceMs: number;
  readonly startMs: number;
  readonly #clientElu: number;
  #samples = 0;
  #durations: number[] = [];
  #results = 0;
  /** Of those, since it began to measure. */
  #ended = 0;
  #overloads = 0;
  #overloadMs = 0;
  #resultMs = 0;
  #leastInFlight = Number.POSITIVE_INFINITY;
  #secondLeastInFlight = Number.POSITIVE_INFINITY;
  #looks = 0;
  #saturatedLooks = 0;
  #inFlight = 0;
  #loopBusy = 0;
  #heldBack = 0;

  /** @param startMs - when it begins to count latencies and looks; errors count at once */
  constructor(sinceMs: number, startMs: number, clientElu: number) {
    this.sinceMs = sinceMs;
    this.startMs = startMs;
    this.#clientElu = clientElu;
  }

  get samples(): number {
    return this.#samples;
  }
  get results(): number {
    return this.#results;
  }
  get overloads(): number {
    return this.#overloads;
  }

  ok(nowMs: number, serviceMs: number): void {
    this.#count(nowMs, serviceMs);
    if (nowMs < this.startMs) return;
    this.#samples++;
    if (this.#durations.length < keptDurations) this.#durations.push(serviceMs);
  }

  neutral(nowMs: number, serviceMs: number): void {
    this.#count(nowMs, serviceMs);
  }

  overload(nowMs: number, serviceMs: number, inFlightAtSend: number): void {
    this.#count(nowMs, serviceMs);
    this.#overloads++;
    this.#overloadMs += serviceMs;
    this.#secondLeastInFlight = Math.min(this.#secondLeastInFlight, Math.max(this.#leastInFlight, inFlightAtSend));
    this.#leastInFlight = Math.min(this.#leastInFlight, inFlightAtSend);
  }

  /** One look at the load, at a steady pace. */
  look(nowMs: number, load: Load, permits: number): void {
    if (nowMs < this.startMs) return;
    this.#looks++;
    this.#inFlight += load.inFlight;
    if (load.inFlight >= 0.9 * permits) this.#saturatedLooks++;
    this.#loopBusy += load.eventLoopUtilization;
    this.#heldBack += load.clientLimited;
  }

  read(nowMs: number): Interval {
    const elapsedMs = Math.max(0, nowMs - this.startMs);
    const sorted = Float64Array.from(this.#durations).sort();
    return {
      elapsedMs,
      samples: this.#samples,
      results: this.#results,
      overloads: this.#overloads,
      overloadTimeShare: this.#resultMs > 0 ? this.#overloadMs / this.#resultMs : 0,
      leastInFlightOverloaded: this.#secondLeastInFlight,
      throughputPerS: elapsedMs > 0 ? (this.#samples * 1000) / elapsedMs : 0,
      p25Ms: sorted.length > 0 ? quantile(sorted, 0.25) : Number.NaN,
      p50Ms: sorted.length > 0 ? quantile(sorted, 0.5) : Number.NaN,
      p95Ms: sorted.length > 0 ? quantile(sorted, 0.95) : Number.NaN,
      meanMs: (this.#inFlight / Math.max(1, this.#looks)) * (elapsedMs / Math.max(1, this.#ended)),
      saturation: this.#looks > 0 ? this.#saturatedLooks / this.#looks : 0,
      clientLimited:
        this.#looks > 0 && (this.#loopBusy >= this.#clientElu * this.#looks || this.#heldBack > 0.1 * this.#looks),
      durations: this.#durations,
    };
  }

  /** For telemetry: this round as it stands. */
  observe(nowMs: number, inFlight: number, baselineP50Ms: number): Observation {
    const { p50Ms, p95Ms, throughputPerS, overloads, results } = this.read(nowMs);
    const overloadShare = results > 0 ? overloads / results : 0;
    return { inFlight, p50Ms, p95Ms, baselineP50Ms, goodputPerSecond: throughputPerS, overloadShare };
  }

  #count(nowMs: number, serviceMs: number): void {
    this.#results++;
    if (nowMs >= this.startMs) this.#ended++;
    this.#resultMs += serviceMs;
  }
}

/** Quantile by linear interpolation of an ascending list with at least one element; `share` in 0..1. */
export function quantile(ascending: ArrayLike<number>, share: number): number {
  const position = share * (ascending.length - 1);
  const below = Math.floor(position);
  const low = ascending[below] as number;
  const high = ascending[Math.min(below + 1, ascending.length - 1)] as number;
  return low + (position - below) * (high - low);
}

/** Overload results among results, and their part of the time. */
export interface ErrorCounts {
  readonly overloads: number;
  readonly results: number;
  readonly ofTime: number;
}

/** No result yet. */
export const nothingSeen: ErrorCounts = { overloads: 0, results: 0, ofTime: 0 };

/** One more round. */
export function withRound(
  seen: ErrorCounts,
  round: Pick<Interval, 'overloads' | 'results' | 'overloadTimeShare'>,
): ErrorCounts {
  const results = seen.results + round.results;
  return {
    overloads: seen.overloads + round.overloads,
    results,
    ofTime: (seen.ofTime * seen.results + round.overloadTimeShare * round.results) / Math.max(1, results),
  };
}
