/** What one round measures, and errors added up over rounds. */
import type { Load, Observation, Outcome } from './limit.ts';
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
  /** Time spent by overload results. */
  readonly overloadMs: number;
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

/** A list that only grows. Later ones share its store, which holds more than `count` then. */
interface Durations {
  readonly store: number[];
  readonly count: number;
}

/**
 * A round while it goes on; whoever changes one makes a copy first. It settles first: results of before a change of the
 * limit must not be read as its effect.
 */
export class Round {
  /** When the limit took its present value; errors count from here, latencies and looks from `startMs`. */
  sinceMs: number;
  startMs: number;
  samples = 0;
  durations: Durations = { store: [], count: 0 };
  results = 0;
  /** Of those, since it began to measure. */
  ended = 0;
  overloads = 0;
  overloadMs = 0;
  resultMs = 0;
  leastInFlight = Number.POSITIVE_INFINITY;
  secondLeastInFlight = Number.POSITIVE_INFINITY;
  /** Sums over the looks at the load. */
  looks = 0;
  saturatedLooks = 0;
  inFlight = 0;
  loopBusy = 0;
  heldBack = 0;

  /** @param settleMs - what comes until then is not its own */
  constructor(nowMs: number, settleMs: number) {
    this.sinceMs = nowMs;
    this.startMs = nowMs + settleMs;
  }
}

/** Assignments, because a spread of so many fields takes twenty times as long (measured, Node 20). */
function copyOf(from: Readonly<Round>): Round {
  const to = new Round(from.sinceMs, 0);
  to.startMs = from.startMs;
  to.samples = from.samples;
  to.durations = from.durations;
  to.results = from.results;
  to.ended = from.ended;
  to.overloads = from.overloads;
  to.overloadMs = from.overloadMs;
  to.resultMs = from.resultMs;
  to.leastInFlight = from.leastInFlight;
  to.secondLeastInFlight = from.secondLeastInFlight;
  to.looks = from.looks;
  to.saturatedLooks = from.saturatedLooks;
  to.inFlight = from.inFlight;
  to.loopBusy = from.loopBusy;
  to.heldBack = from.heldBack;
  return to;
}

/** One more result that is no 429. @param isOurs - it counts beside the errors of the round */
export function withResult(
  before: Readonly<Round>,
  nowMs: number,
  kind: Exclude<Outcome['kind'], 'rate'>,
  serviceMs: number,
  inFlight: number,
  isOurs = true,
): Round {
  const round = copyOf(before);
  const isMeasured = nowMs >= round.startMs;
  if (isOurs) {
    round.results++;
    round.resultMs += serviceMs;
  }
  if (isMeasured) round.ended++;
  if (kind === 'ok' && isMeasured) {
    round.samples++;
    round.durations = append(round.durations, serviceMs);
  }
  if (kind === 'overload') {
    round.overloads++;
    round.overloadMs += serviceMs;
    round.secondLeastInFlight = Math.min(round.secondLeastInFlight, Math.max(round.leastInFlight, inFlight));
    round.leastInFlight = Math.min(round.leastInFlight, inFlight);
  }
  return round;
}

function append({ store, count }: Durations, durationMs: number): Durations {
  if (count >= keptDurations) return { store, count };
  const own = store.length === count ? store : store.slice(0, count);
  own.push(durationMs);
  return { store: own, count: count + 1 };
}

/** One look at the load, at a steady pace. */
export function withLook(before: Readonly<Round>, nowMs: number, load: Load, permits: number): Readonly<Round> {
  if (nowMs < before.startMs) return before;
  const round = copyOf(before);
  round.looks++;
  round.inFlight += load.inFlight;
  if (load.inFlight >= 0.9 * permits) round.saturatedLooks++;
  round.loopBusy += load.eventLoopUtilization;
  round.heldBack += load.clientLimited;
  return round;
}

/** @param clientElu - event loop utilisation from which our side is the narrow place */
export function read(round: Readonly<Round>, clientElu: number, nowMs: number): Interval {
  const { looks, samples, resultMs, durations } = round;
  const elapsedMs = Math.max(0, nowMs - round.startMs);
  const kept = durations.store.slice(0, durations.count);
  const sorted = Float64Array.from(kept).sort();
  const at = (share: number): number => (sorted.length > 0 ? quantile(sorted, share) : Number.NaN);
  return {
    elapsedMs,
    samples,
    results: round.results,
    overloads: round.overloads,
    overloadTimeShare: resultMs > 0 ? round.overloadMs / resultMs : 0,
    overloadMs: round.overloadMs,
    leastInFlightOverloaded: round.secondLeastInFlight,
    throughputPerS: elapsedMs > 0 ? (samples * 1000) / elapsedMs : 0,
    p25Ms: at(0.25),
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    meanMs: (round.inFlight / Math.max(1, looks)) * (elapsedMs / Math.max(1, round.ended)),
    saturation: looks > 0 ? round.saturatedLooks / looks : 0,
    clientLimited: looks > 0 && (round.loopBusy >= clientElu * looks || round.heldBack > 0.1 * looks),
    durations: kept,
  };
}

/** For telemetry: a round as it stands. */
export function observe(interval: Interval, inFlight: number, baselineP50Ms: number): Observation {
  const { p50Ms, p95Ms, throughputPerS, overloads, results } = interval;
  const overloadShare = results > 0 ? overloads / results : 0;
  return { inFlight, p50Ms, p95Ms, baselineP50Ms, goodputPerSecond: throughputPerS, overloadShare };
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
