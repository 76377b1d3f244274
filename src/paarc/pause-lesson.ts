/** What a stretch of sending that ended in a Retry-After says about the rate. */
import { type Candidate, identifyBucket, type Segment } from './bucket.ts';

/** What the search believed when a Retry-After stopped it. Rates per second. */
export interface BeforePause {
  /** The rate that was refused. */
  readonly failedPerS: number;
  /** A rate that held before a probe above it failed; 0 without one. */
  readonly heldPerS: number;
  /** A rate that was certainly granted. */
  readonly grantedPerS: number;
  readonly upperPerS: number;
  readonly pauseMs: number;
}

/** What to go on with after the pause. */
export interface Lesson {
  readonly perS: number;
  readonly lowerPerS: number;
  readonly upperPerS: number;
  readonly grantedPerS: number;
  /** Accepted requests it rests on. */
  readonly support: number;
  /** Undefined: nothing new was learnt about it. */
  readonly burst?: number | undefined;
  readonly reason: string;
}

/**
 * The refused rate contradicts what was "certainly" granted when it is not above it by more than this: the limit has
 * fallen.
 */
const grantedMargin = 1.02;
/** Bounds further apart than this are bisected (by ratio), closer ones approached from above. */
const wideBounds = 1.3;
const closeStep = 0.9;
/** An estimate from few requests has at most this much room above it. */
const mostRoom = 0.15;
/**
 * Wide bounds are narrowed by a slope of few requests over at least so long, if it is clearly below what was refused.
 * Chosen by scenario runs.
 */
const roughLeastMs = 100;
const roughMost = 0.7;

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
  const overallPerS = (1000 * whole.accepted) / (whole.elapsedMs + before.pauseMs);
  if (firsts.length === 0) {
    const perS = Math.max(overallPerS, Math.sqrt((overallPerS * 1000 * whole.accepted) / whole.elapsedMs));
    return { perS, lowerPerS: 0, upperPerS: before.failedPerS, grantedPerS: 0, support: 0, reason: 'first pause over' };
  }
  const grantedPerS = before.failedPerS <= grantedMargin * before.grantedPerS ? 0 : before.grantedPerS;
  const bucket = identifyBucket(firsts, candidates, before.pauseMs, before.failedPerS);
  if (bucket !== undefined) {
    const perS = Math.min(before.failedPerS, Math.max(bucket.perS, grantedPerS));
    const room = perS * (1 + Math.min(mostRoom, 3 / bucket.support));
    const upperPerS = Math.min(before.failedPerS, Math.max(bucket.upperPerS, room));
    // A burst can fake a rate that held; the measured bucket outranks it, unless it cannot exclude it.
    const held = before.heldPerS <= upperPerS ? before.heldPerS : 0;
    return {
      perS: Math.max(safety * perS, held),
      lowerPerS: 0,
      upperPerS,
      grantedPerS,
      support: bucket.support,
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
      grantedPerS,
      support: 0,
      reason: 'back to the rate before the probe',
    };
  }
  const lower = Math.max(overallPerS, grantedPerS);
  const isWide = failedPerS / lower > wideBounds;
  const perS = isWide
    ? (roughSlope(firsts, whole, lower, failedPerS) ?? Math.sqrt(lower * failedPerS))
    : Math.max(lower, closeStep * failedPerS);
  return {
    perS,
    lowerPerS: 0,
    upperPerS: failedPerS,
    grantedPerS,
    support: 0,
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
