/** What one round has measured. */
import type { Load } from './limit.ts';
import { quantile } from './quantile.ts';

/** Durations kept per round; a fast host fills a round long before its time is over, and the rest is only counted. */
const keptDurations = 2048;

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
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** Share of looks that found at least 0.9 of the permits in use. */
  readonly saturation: number;
  /** We ourselves were the narrow place. */
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
  #overloads = 0;
  #overloadMs = 0;
  #resultMs = 0;
  #leastInFlight = Number.POSITIVE_INFINITY;
  #secondLeastInFlight = Number.POSITIVE_INFINITY;
  #looks = 0;
  #saturatedLooks = 0;
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
    this.#count(serviceMs);
    if (nowMs < this.startMs) return;
    this.#samples++;
    if (this.#durations.length < keptDurations) this.#durations.push(serviceMs);
  }

  neutral(serviceMs: number): void {
    this.#count(serviceMs);
  }

  overload(serviceMs: number, inFlightAtSend: number): void {
    this.#count(serviceMs);
    this.#overloads++;
    this.#overloadMs += serviceMs;
    this.#secondLeastInFlight = Math.min(this.#secondLeastInFlight, Math.max(this.#leastInFlight, inFlightAtSend));
    this.#leastInFlight = Math.min(this.#leastInFlight, inFlightAtSend);
  }

  /** One look at the load, at a steady pace. */
  look(nowMs: number, load: Load, permits: number): void {
    if (nowMs < this.startMs) return;
    this.#looks++;
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
      p50Ms: sorted.length > 0 ? quantile(sorted, 0.5) : Number.NaN,
      p95Ms: sorted.length > 0 ? quantile(sorted, 0.95) : Number.NaN,
      saturation: this.#looks > 0 ? this.#saturatedLooks / this.#looks : 0,
      clientLimited:
        this.#looks > 0 && (this.#loopBusy >= this.#clientElu * this.#looks || this.#heldBack > 0.1 * this.#looks),
      durations: this.#durations,
    };
  }

  #count(serviceMs: number): void {
    this.#results++;
    this.#resultMs += serviceMs;
  }
}
