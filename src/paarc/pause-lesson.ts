/** What a stretch of sending that ended in a Retry-After says about the rate. */
import { type Candidate, identifyBucket, type Segment } from './bucket.ts';
import {
  burstPauseShare,
  fakingBurst,
  leastBurstMs,
  mostRoom,
  roughLeastMs,
  roughMost,
  wideBounds,
} from './rate-tuning.ts';

/** What the search believed when a Retry-After stopped it. Rates per second. */
export interface BeforePause {
  /** The rate that was refused. */
  readonly failedPerS: number;
  /** A rate that held before a probe above it failed; 0 without one. */
  readonly heldPerS: number;
  readonly upperPerS: number;
  readonly pauseMs: number;
}

/** What to go on with after the pause. */
export interface Lesson {
  readonly perS: number;
  readonly lowerPerS: number;
  readonly upperPerS: number;
  /** Undefined: nothing new was learnt about it. */
  readonly burst?: number | undefined;
  readonly reason: string;
}

/**
 * What a stretch of sending that ended in a Retry-After says about the rate.
 * @param firsts - the segments of the very first stretch, when the bucket was full; empty if this is it
 * @param candidates - the segments of this stretch, the longest first; not empty
 * @param safety - part of a measured rate to use
 */
export function learnFromPause(
  firsts: readonly Segment[],
  candidates: readonly Candidate[],
  before: BeforePause,
  safety: number,
): Lesson {
  const whole = candidates[0] as Candidate;
  const allMs = whole.elapsedMs + before.pauseMs;
  if (whole.accepted <= 0) {
    const perS = Math.min(1000 / allMs, before.failedPerS / 2);
    return { perS, lowerPerS: 0, upperPerS: before.failedPerS, reason: 'nothing was granted' };
  }
  const overallPerS = (1000 * whole.accepted) / allMs;
  if (firsts.length === 0) {
    const middlePerS = Math.sqrt((overallPerS * 1000 * whole.accepted) / whole.elapsedMs);
    // A pause that costs little is no reason for care.
    const burstMs = Math.min(leastBurstMs, burstPauseShare * before.pauseMs);
    const perS = Math.max(overallPerS, Math.min(middlePerS, (1000 * whole.accepted) / burstMs));
    return { perS, lowerPerS: 0, upperPerS: before.failedPerS, reason: 'first pause over' };
  }
  const bucket = identifyBucket(firsts, candidates, before.pauseMs, before.failedPerS);
  if (bucket !== undefined) {
    const perS = Math.min(before.failedPerS, bucket.perS);
    const room = perS * (1 + Math.min(mostRoom, 3 / bucket.support));
    const upperPerS = Math.min(before.failedPerS, Math.max(bucket.upperPerS, room));
    // A burst can fake a rate that held: a measured bucket outranks it, but for one of a single token.
    const held = bucket.burst < fakingBurst ? before.heldPerS : Math.min(perS, before.heldPerS);
    return {
      perS: Math.max(safety * perS, held),
      lowerPerS: 0,
      upperPerS: held > upperPerS ? before.failedPerS : upperPerS,
      burst: bucket.burst,
      reason: 'rate and burst identified from pauses',
    };
  }
  const { heldPerS, failedPerS } = before;
  if (heldPerS > 0) {
    const upperPerS = Math.min(before.upperPerS, failedPerS);
    return {
      perS: heldPerS,
      lowerPerS: heldPerS,
      upperPerS,
      reason: 'back to the rate before the probe',
    };
  }
  const isWide = failedPerS / overallPerS > wideBounds;
  const rough = isWide ? roughSlope(firsts, whole, overallPerS, failedPerS) : overallPerS;
  const perS = rough ?? Math.sqrt(overallPerS * failedPerS);
  return {
    perS,
    lowerPerS: 0,
    upperPerS: failedPerS,
    reason: 'between a granted and a refused rate',
  };
}

/**
 * The line through two segments of a handful of requests: too little to believe, but better than the middle of bounds
 * far apart.
 */
function roughSlope(
  firsts: readonly Segment[],
  whole: Segment,
  lowerPerS: number,
  failedPerS: number,
): number | undefined {
  let least = Number.POSITIVE_INFINITY;
  for (const first of firsts) {
    const differenceMs = whole.elapsedMs - first.elapsedMs;
    const difference = whole.accepted - first.accepted;
    if (differenceMs >= roughLeastMs && difference > 0) least = Math.min(least, (1000 * difference) / differenceMs);
  }
  return least > roughMost * failedPerS ? undefined : Math.max(lowerPerS, least);
}
