/** What is known of the rate a host allows, and what a 429 or a quiet time makes of it. Rates per second. */
import type { MeasuredRate } from './accepted-log.ts';
import type { Segment } from './bucket.ts';
import {
  afterVerifiedFailure,
  burstMargin,
  grantedMostRoom,
  justBelow,
  leastAccepted,
  mostRoom,
  nearBounds,
  nearSends,
  openGain,
  pausesBetweenProbes,
  probeLeastMs,
  roughRoom,
  tellingGrants,
  verifyLeastMs,
  verifyLeastSends,
  verifyMostMs,
  verifyReactions,
  wideBounds,
} from './rate-tuning.ts';
import type { PaarcSettings } from './settings.ts';

/** What is known of the rate a host allows. Frozen: whatever changes it makes a new one. */
export interface RateEstimate {
  /** R: the rate in use; Infinity until the first 429. */
  readonly perS: number;
  /** A rate that held; 0 when none did since the last 429. */
  readonly lowerPerS: number;
  readonly upperPerS: number;
  /** The highest rate that was measured well; 0 without one. */
  readonly bestPerS: number;
  /** b: what the bucket held when full. */
  readonly burst: number;
  readonly isBurstKnown: boolean;
  /** Known as a mean only; one refusal says little about where the rate is. */
  readonly isRough: boolean;
  /** A least time between two requests, and no bucket: what is granted between two refusals is no measure of it. */
  readonly isSpaced: boolean;
}

/** Before any 429. */
export const openRate: RateEstimate = {
  perS: Number.POSITIVE_INFINITY,
  lowerPerS: 0,
  upperPerS: Number.POSITIVE_INFINITY,
  bestPerS: 0,
  burst: 0,
  isBurstKnown: false,
  isRough: false,
  isSpaced: false,
};

/** A rate that an earlier run has verified. */
export function warmRate(settings: PaarcSettings, perS: number): RateEstimate {
  return { ...openRate, perS: settings.rateSafety * perS, upperPerS: perS };
}

/**
 * The first 429.
 * @param whole - everything sent until then
 * @param pacePerS - while the limit still grew, the mean since the start is below this pace that was refused
 * @param pauses - the 429 came with Retry-After: the pause decides what to go on with
 */
export function firstRefusal(settings: PaarcSettings, whole: Segment, pacePerS: number, pauses: boolean): RateEstimate {
  const accepted = Math.max(1, whole.accepted);
  const upperPerS = Math.max((1000 * accepted) / whole.elapsedMs, pacePerS);
  return { ...openRate, perS: pauses ? upperPerS : settings.beta * upperPerS, upperPerS, burst: accepted };
}

/**
 * A rate was measured between two 429s.
 * @param first - the segment up to the very first 429, when the bucket was full
 */
export function settledAt(
  settings: PaarcSettings,
  rate: RateEstimate,
  measured: MeasuredRate,
  first: Segment | undefined,
): RateEstimate {
  const { perS, accepted } = measured;
  const upperPerS = perS * (1 + countRoom(accepted));
  const settled = {
    ...rate,
    perS: Math.min(settings.rateSafety * rate.perS, settings.rateSafety * perS),
    lowerPerS: 0,
    // Next to nothing in a moment, as from a window that is closed, is no bound for what it grants at other times.
    upperPerS: accepted < leastAccepted ? Math.max(upperPerS, rate.lowerPerS) : upperPerS,
    bestPerS: accepted < tellingGrants ? rate.bestPerS : Math.max(rate.bestPerS, perS),
    isRough: false,
  };
  if (rate.isBurstKnown || first === undefined) return settled;
  return { ...settled, burst: Math.max(0, first.accepted - (perS * first.elapsedMs) / 1000), isBurstKnown: true };
}

/** Whether a rate is what was measured, as far as a count of so many tells; one that has risen is searched for. */
export function agrees(settings: PaarcSettings, { perS, accepted }: MeasuredRate, knownPerS: number): boolean {
  const room = 1 + Math.min(mostRoom, countRoom(accepted));
  return knownPerS < room * perS && perS < settings.rateResolution * knownPerS;
}

/** A probe that failed showed nothing new: the rate of before it is in force, with bounds as near as they had been. */
export function rateBefore(settings: PaarcSettings, rate: RateEstimate, perS: number): RateEstimate {
  return { ...rate, perS: justBelow * perS, lowerPerS: 0, upperPerS: settings.rateResolution * perS, isRough: false };
}

/** What a count of so many may be off by. */
function countRoom(accepted: number): number {
  return Math.max(0.02, 3 / Math.max(1, accepted));
}

/** A 429 at a rate that nothing else is known of. */
export function refusedInUse(rate: RateEstimate): RateEstimate {
  const upperPerS = rate.isRough ? roughRoom * rate.perS : rate.perS;
  return { ...rate, perS: afterVerifiedFailure * rate.perS, lowerPerS: 0, upperPerS, isRough: false };
}

/** A 429 above a rate that held. @param onlyStepMs - how long the probe lasted, if it was a single step up */
export function probeFailed(settings: PaarcSettings, rate: RateEstimate, onlyStepMs: number | undefined): RateEstimate {
  const { perS, lowerPerS } = rate;
  const back = { ...rate, perS: justBelow * lowerPerS, isRough: false };
  if (onlyStepMs === undefined) return { ...back, upperPerS: Math.min(rate.upperPerS, perS) };
  return {
    ...back,
    upperPerS: settings.rateResolution * lowerPerS,
    burst: ((perS - lowerPerS) * onlyStepMs) / 1000,
  };
}

/** How much more a rate may be than what was granted while we asked for more, by a count of so many. */
export function roomOf(granted: number): number {
  return 1 + Math.min(grantedMostRoom, 3 / Math.max(1, granted));
}

/** A rate known as what was granted in some time. @param room - how much more it may be */
export function knownRate(rate: RateEstimate, perS: number, room: number): RateEstimate {
  const known = {
    perS,
    lowerPerS: 0,
    upperPerS: room * perS,
    burst: 0,
    isBurstKnown: true,
    isRough: true,
    isSpaced: false,
  };
  return { ...rate, ...known };
}

/** The rate in use has held. */
export function rateHeld(rate: RateEstimate): RateEstimate {
  return { ...rate, lowerPerS: rate.perS };
}

/** The next rate after one that held; undefined when the bounds are as close as the search goes. */
export function grownRate(settings: PaarcSettings, { perS, upperPerS }: RateEstimate): number | undefined {
  if (upperPerS <= settings.rateResolution * perS) return undefined;
  if (upperPerS === Number.POSITIVE_INFINITY) return openGain * perS;
  return Math.min(
    (isFarBelow({ perS, upperPerS }) ? openGain : settings.rateProbeGain) * perS,
    Math.sqrt(perS * upperPerS),
    justBelow * upperPerS,
  );
}

/** How long after the last 429 the rate may grow where bounds are near: there is little to win, and a 429 to lose. */
export function growAfterMs({ perS, upperPerS }: RateEstimate): number {
  return upperPerS > nearBounds * perS ? 0 : (1000 * nearSends) / perS;
}

/** The bounds say so little that haste costs less than care. */
function isFarBelow({ perS, upperPerS }: Pick<RateEstimate, 'perS' | 'upperPerS'>): boolean {
  return upperPerS > wideBounds ** 2 * perS;
}

/** The bucket's burst; until it was measured what it must have held at the first 429 if it refilled at this rate. */
export function likelyBurst(rate: RateEstimate, firsts: readonly Segment[]): number {
  if (rate.isBurstKnown || firsts.length === 0) return rate.burst;
  return Math.max(0, ...firsts.map(({ accepted, elapsedMs }) => accepted - (rate.perS * elapsedMs) / 1000));
}

/**
 * How long a rate must be used without a 429 until it counts as granted. Above the last rate that held, a full bucket
 * pays for the difference for a while, so the time is what its burst would last, with a margin.
 * @param lowerPerS - a rate that held before; 0 when none did
 */
export function verificationMs(
  settings: PaarcSettings,
  rate: Pick<RateEstimate, 'perS' | 'lowerPerS' | 'upperPerS' | 'burst'>,
  reactionMs: number,
): number {
  const { perS, lowerPerS, burst } = rate;
  const sends = isFarBelow(rate) ? leastAccepted : verifyLeastSends;
  const plainMs = Math.max(verifyLeastMs, (1000 * sends) / perS, verifyReactions * reactionMs);
  if (perS <= settings.rateResolution * lowerPerS) return plainMs;
  return Math.max(plainMs, Math.min(verifyMostMs, (1000 * burstMargin * burst) / (perS - lowerPerS)));
}

/**
 * How long after the last 429 a probe may raise the rate. A failed probe costs about one 429 plus what is in flight
 * above the rate; the budget says how many requests pay for that, and where a failure costs a pause, pauses are spaced
 * as well.
 */
export function probeAfterMs(
  settings: PaarcSettings,
  rate: { readonly perS: number; readonly retryAfterMs: number },
  reactionMs: number,
): number {
  const costRequests = 1 + (settings.rateProbeGain - 1) * rate.perS * (reactionMs / 1000);
  const paidMs = (1000 * costRequests) / (settings.rateBudget * rate.perS);
  return Math.max(probeLeastMs, paidMs, pausesBetweenProbes * rate.retryAfterMs);
}
