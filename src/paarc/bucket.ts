/** A token bucket as stretches of sending show it. */
import { accepted, type Mark, type RefusedSends } from './accepted-log.ts';
import { countError, keptStarts, leastDifference, leastMs } from './rate-tuning.ts';

/** A stretch of sending that ended with a 429. */
export interface Segment {
  readonly accepted: number;
  readonly elapsedMs: number;
}

/** A segment with what is known of the bucket at its beginning. */
export interface Candidate extends Segment {
  /** Sends per second during the segment, at least. */
  readonly perS: number;
  /** How long the bucket was filled before it, and at what rate it was emptied meanwhile (0 in a pause). */
  readonly restMs: number;
  readonly restPerS: number;
}

/** A token bucket as two segments show it. */
export interface BucketGuess {
  readonly perS: number;
  readonly burst: number;
  /** Accepted requests it rests on. */
  readonly support: number;
  /** What the rate is at most, given how much may have been lost to an overflowing or not yet full bucket. */
  readonly upperPerS: number;
}

/**
 * A bucket of `burst` tokens refilled at `perS` has granted burst + perS x T when it refuses after T, if it was full at
 * the beginning and never overflowed. Two such segments are two points of that line. If the pause before did not fill
 * the bucket, then what it granted over pause and segment is what flowed in: accepted / (pause + T). A segment that
 * began with less or overflowed makes either number too small, never too large, so the largest is the best; what may
 * have been lost bounds the error.
 * @param firsts - the segments up to the very first 429, from different beginnings: none has more than a full bucket to
 *   spend, so the largest at its duration is the line
 * @param candidates - the segment since the last pause, then parts of it with later beginnings; all end at the same 429
 * @param pauseMs - the pause that the 429 asked for
 * @param failedPerS - the rate that was refused: above the bucket's, up to noise
 */
export function identifyBucket(
  firsts: readonly Segment[],
  candidates: readonly Candidate[],
  pauseMs: number,
  failedPerS: number,
): BucketGuess | undefined {
  const whole = candidates[0];
  const first = fullest(firsts, candidates);
  if (whole === undefined || first === undefined || whole.elapsedMs - first.elapsedMs < leastMs) return undefined;
  let best: BucketGuess | undefined;
  for (let index = 0; index < candidates.length; index++) {
    const guess = slope(first, candidates, index);
    if (guess === undefined || guess.perS > 1.03 * failedPerS) continue;
    const upperPerS = Math.min(guess.upperPerS, best?.upperPerS ?? Number.POSITIVE_INFINITY);
    best = best === undefined || guess.perS > best.perS ? { ...guess, upperPerS } : { ...best, upperPerS };
  }
  const overallPerS = (1000 * whole.accepted) / (whole.elapsedMs + pauseMs);
  const byLine = (overallPerS * (whole.elapsedMs - first.elapsedMs)) / 1000 - (whole.accepted - first.accepted);
  const isFlat = best === undefined ? byLine >= leastDifference : overallPerS > best.perS;
  if (!isFlat) return best;
  const burst = Math.max(0, first.accepted - (overallPerS * first.elapsedMs) / 1000);
  const upperPerS =
    overallPerS + (1000 * (lost(candidates, 0, overallPerS) + countError)) / (whole.elapsedMs - first.elapsedMs);
  return { perS: overallPerS, burst, support: whole.accepted, upperPerS };
}

/**
 * The first 429 ends several segments; the one that leaves the least slope to the whole later one had the fullest
 * bucket.
 */
function fullest(firsts: readonly Segment[], candidates: readonly Candidate[]): Segment | undefined {
  let least = Number.POSITIVE_INFINITY;
  let found = firsts[0];
  for (const first of firsts) {
    const perS = slope(first, candidates, 0)?.perS ?? Number.POSITIVE_INFINITY;
    if (perS >= least) continue;
    least = perS;
    found = first;
  }
  return found;
}

function slope(first: Segment, candidates: readonly Candidate[], index: number): BucketGuess | undefined {
  const candidate = candidates[index] as Candidate;
  const differenceMs = candidate.elapsedMs - first.elapsedMs;
  const difference = candidate.accepted - first.accepted;
  if (differenceMs < leastMs || difference < leastDifference) return undefined;
  const perS = (1000 * difference) / differenceMs;
  const burst = first.accepted - (perS * first.elapsedMs) / 1000;
  if (burst < 0) return undefined;
  // After a pause too short to fill the bucket the overall rate is the larger bound, so only a later beginning can lack
  // tokens here.
  const missing = index === 0 ? 0 : Math.max(0, burst - ((perS - candidate.restPerS) * candidate.restMs) / 1000);
  const upperPerS = perS + (1000 * (missing + lost(candidates, index, perS) + countError)) / differenceMs;
  return { perS, burst, support: difference, upperPerS };
}

/** Tokens that may have overflowed while we sent more slowly than the bucket filled. */
function lost(candidates: readonly Candidate[], from: number, perS: number): number {
  let tokens = 0;
  for (let index = from; index < candidates.length; index++) {
    const part = candidates[index] as Candidate;
    const partMs = part.elapsedMs - (candidates[index + 1]?.elapsedMs ?? 0);
    tokens += (Math.max(0, perS - part.perS) * partMs) / 1000;
  }
  return tokens;
}

/** Where sending changed its pace: a place from which the bucket can be measured later. */
export interface Start {
  readonly mark: Mark;
  /** Sends per second from here on. */
  readonly perS: number;
  /** How long the bucket was filled before, and how fast it was emptied meanwhile. */
  readonly restMs: number;
  readonly restPerS: number;
}

/** One more of the beginnings of sending since the last pause. */
export function withStart(starts: readonly Start[], start: Start): Start[] {
  return starts.length >= keptStarts ? [starts[0] as Start, ...starts.slice(2), start] : [...starts, start];
}

/** Segments from every start to one 429, the longest first. */
export function segmentsUntil(starts: readonly Start[], end: Mark, all: RefusedSends): Candidate[] {
  return starts.map(({ mark, ...start }) => ({ ...start, ...segmentBetween(all, mark, end) }));
}

/** Never without time, so that rates can be computed from it. */
export function segmentBetween(all: RefusedSends, from: Mark, to: Mark): Segment {
  return { accepted: accepted(all, from, to), elapsedMs: Math.max(1, to.atMs - from.atMs) };
}
