/** Errors that came at any load are taken for a rate that we exceeded, on trial. */
import type { Suspicion } from './error-cause.ts';
import { usedShare } from './rate-tuning.ts';
import {
  doubledMs,
  failedErrors,
  failedShare,
  leastAnswers,
  remainingShare,
  searchErrors,
  tellingErrors,
  trialFallenShare,
  trialMeasureMs,
  trialStartMs,
} from './tuning.ts';

/** What came of requests that were sent at the rate. Frozen. */
export interface RateTrial {
  /** What was known before, and the share of errors then. */
  readonly suspicion: Suspicion;
  readonly shareBefore: number;
  /** What was granted while they came. */
  readonly startPerS: number;
  /**
   * `trying`: errors may have ended meanwhile; up while none comes. `counting`: those that came again did not end.
   * `passed`, `spaced`: it was a rate; one that goes on falling is none after all: there is always an error to lower it.
   */
  readonly phase: 'trying' | 'counting' | 'passed' | 'spaced';
  /** What was sent before is still about finding the rate. */
  readonly fromMs: number;
  readonly earlyUntilMs: number;
  /** Since when the rate is far below what was granted before. */
  readonly lowSinceMs: number;
  readonly lastErrorSentMs: number;
  readonly errors: number;
  readonly results: number;
  readonly clean: number;
  readonly cleanSinceMs: number;
  readonly doubledPerS: number;
}

/** @param isFirst - no other trial was shortly before */
export function beginTrial(
  suspicion: Suspicion,
  shareBefore: number,
  nowMs: number,
  isFirst: boolean,
  startPerS: number,
): RateTrial {
  const fromMs = nowMs + trialStartMs;
  return {
    suspicion,
    shareBefore,
    startPerS,
    phase: isFirst ? 'trying' : 'counting',
    fromMs,
    earlyUntilMs: fromMs + trialStartMs,
    lowSinceMs: Number.POSITIVE_INFINITY,
    lastErrorSentMs: Number.NEGATIVE_INFINITY,
    errors: 0,
    results: 0,
    clean: 0,
    cleanSinceMs: fromMs,
    doubledPerS: 0,
  };
}

/** Errors were seen to mean a rate: there is nothing left to try. */
export function spacedTrial(suspicion: Suspicion, nowMs: number, perS: number): RateTrial {
  return { ...beginTrial(suspicion, 0, nowMs, false, perS), phase: 'spaced' };
}

/** One more result. */
export function countTrial(trial: RateTrial, sentAtMs: number, isError: boolean): RateTrial {
  const { errors, results, clean, phase, doubledPerS } = trial;
  const isCounted = sentAtMs >= trial.fromMs;
  const counted: RateTrial = {
    ...trial,
    clean: clean + 1,
    results: results + (isCounted ? 1 : 0),
    errors: errors + (isCounted && isError ? 1 : 0),
  };
  if (!isError) return counted;
  return {
    ...counted,
    phase: phase === 'trying' && doubledPerS > 0 ? 'counting' : phase,
    lastErrorSentMs: Math.max(trial.lastErrorSentMs, sentAtMs),
    clean: 0,
    cleanSinceMs: sentAtMs,
  };
}

/** `double`: go up to see whether there is a rate at all. `none`, `failed`: the trial is over. */
export type TrialVerdict = 'double' | 'none' | 'failed' | undefined;

/** @param perS - the rate in use */
export function judgeTrial(
  before: RateTrial,
  perS: number,
  nowMs: number,
): { readonly trial: RateTrial; readonly verdict: TrialVerdict } {
  const isLow = perS < trialFallenShare * before.startPerS;
  const lowSinceMs = isLow ? Math.min(before.lowSinceMs, nowMs) : Number.POSITIVE_INFINITY;
  const trial: RateTrial = { ...before, lowSinceMs };
  const { errors, results, phase } = trial;
  // Far below what was granted a rate would not be, but single stretches of it are measured roughly.
  if (isLow && (nowMs < trial.earlyUntilMs || trial.lastErrorSentMs > lowSinceMs)) return { trial, verdict: 'failed' };
  if (phase === 'passed' || phase === 'spaced') return { trial, verdict: undefined };
  if (errors >= failedErrors && errors > failedShare * results) return { trial, verdict: 'failed' };
  if (phase === 'trying') return goUp(trial, perS, nowMs);
  // A host that is ill errs below the rate as often as it did before.
  const expected = trial.shareBefore * results;
  if (expected < tellingErrors) return { trial, verdict: undefined };
  if (errors >= Math.max(remainingShare * expected, searchErrors * results)) return { trial, verdict: 'failed' };
  return { trial: { ...trial, phase: 'passed' }, verdict: undefined };
}

/** Up while no error comes, until the rate is more than we use: then there is none, or none that we meet. */
function goUp(trial: RateTrial, perS: number, nowMs: number): ReturnType<typeof judgeTrial> {
  const { clean, cleanSinceMs, doubledPerS } = trial;
  const cleanMs = nowMs - cleanSinceMs;
  if (clean < leastAnswers || cleanMs < trialMeasureMs) return { trial, verdict: undefined };
  if (clean < (usedShare * doubledPerS * cleanMs) / 1000) return { trial, verdict: 'none' };
  const anew = { clean: 0, cleanSinceMs: nowMs, fromMs: nowMs + doubledMs, errors: 0, results: 0 };
  return { trial: { ...trial, ...anew, doubledPerS: 2 * perS }, verdict: 'double' };
}
