/** How long a rate must be used without a 429 until it counts as granted. */
import type { PaarcSettings } from './options.ts';

/** A rate holds after this time, so many requests and so many reaction times without a 429. Chosen by scenario runs. */
const verifyLeastMs = 2000;
const verifyLeastSends = 20;
const verifyReactions = 4;
/** A burst can fake a rate for so long at most before we accept it. */
const verifyMostMs = 30_000;
const burstMargin = 1.3;
const probeLeastMs = 10_000;
/** Pauses between two probes, and while the estimate rests on few requests. A pause is what a failed probe costs. */
const pausesBetweenProbes = 40;
const pausesBetweenEarlyProbes = 10;
const firmSupport = 60;

/**
 * How long a rate must be used without a 429 until it counts as granted. Above the last rate that held, a full bucket
 * pays for the difference for a while, so the time is what its burst would last, with a margin.
 * @param lowerPerS - a rate that held before; 0 when none did
 */
export function verificationMs(
  settings: PaarcSettings,
  rate: { readonly perS: number; readonly lowerPerS: number; readonly burst: number },
  reactionMs: number,
): number {
  const { perS, lowerPerS, burst } = rate;
  const plainMs = Math.max(verifyLeastMs, (1000 * verifyLeastSends) / perS, verifyReactions * reactionMs);
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
  rate: { readonly perS: number; readonly support: number; readonly retryAfterMs: number },
  reactionMs: number,
): number {
  const costRequests = 1 + (settings.rateProbeGain - 1) * rate.perS * (reactionMs / 1000);
  const paidMs = (1000 * costRequests) / (settings.rateBudget * rate.perS);
  const pauses = rate.support < firmSupport ? pausesBetweenEarlyProbes : pausesBetweenProbes;
  return Math.max(probeLeastMs, paidMs, pauses * rate.retryAfterMs);
}
