/** How a host answers when nothing queues, and when that is learned anew. */
import { type Interval, quantile } from './interval.ts';
import { fewSamples, leastSpread, lowerWithFew, lowerWithMany, manySamples, reservoirSize } from './tuning.ts';

/**
 * How a host answers when nothing queues: what latencies are compared with. Replaces RTprop, the least latency, of BBR.
 */
export interface Baseline {
  /** Median duration (b50), ms. */
  readonly p50Ms: number;
  /** 95th percentile of the durations (b95), ms. */
  readonly p95Ms: number;
  /** The last durations it was computed from, oldest first, ms. */
  readonly durations: Float32Array;
}

/** A baseline from one round alone. `durations` must not be empty. */
export function baselineFrom(durations: ArrayLike<number>): Baseline {
  const kept = Float32Array.from(durations).slice(-reservoirSize);
  const sorted = Float32Array.from(kept).sort();
  const p50Ms = quantile(sorted, 0.5);
  return { p50Ms, p95Ms: Math.max(quantile(sorted, 0.95), leastSpread * p50Ms), durations: kept };
}

/** Put a round into the reservoir; the oldest durations fall out. */
export function foldIntoBaseline(baseline: Baseline, durations: ArrayLike<number>): Baseline {
  const joined = new Float32Array(baseline.durations.length + durations.length);
  joined.set(baseline.durations);
  joined.set(Float32Array.from(durations), baseline.durations.length);
  return baselineFrom(joined);
}

/** The host got faster than its baseline: it was cold, or the baseline was taken under load. */
export function lowerBaseline<Known extends { readonly baseline: Baseline | undefined }>(
  known: Known,
  round: Pick<Interval, 'p50Ms' | 'samples' | 'durations'>,
): Known {
  const { baseline } = known;
  if (baseline === undefined) return known;
  const ratio = round.p50Ms / baseline.p50Ms;
  const lower =
    (ratio < lowerWithMany && round.samples >= manySamples) || (ratio < lowerWithFew && round.samples >= fewSamples);
  return lower ? { ...known, baseline: baselineFrom(round.durations) } : known;
}
