/** Errors that came at any load are taken for a rate that we exceeded, on trial. */
import type { Suspicion } from './error-cause.ts';
import { usedShare } from './rate-tuning.ts';
import {
  cleanResults,
  doubledMs,
  earlyFallMs,
  failedErrors,
  failedShare,
  leastCleanMs,
  remainingShare,
  searchErrors,
  tellingErrors,
  trialFallenShare,
} from './tuning.ts';

/** Counts what comes of requests that were sent at the rate. */
export class RateTrial {
  /** What was known before. */
  readonly suspicion: Suspicion;
  /** It was a rate. One that goes on falling is none after all: there is always an error to lower it. */
  isPassed = false;
  readonly #shareBefore: number;
  #fromMs: number;
  readonly #earlyUntilMs: number;
  /** Since when the rate is far below what was granted before. */
  #lowSinceMs = Number.POSITIVE_INFINITY;
  #lastErrorSentMs = Number.NEGATIVE_INFINITY;
  /** Errors may have ended meanwhile. */
  #mayBeOver: boolean;
  readonly #startPerS: number;
  #errors = 0;
  #results = 0;
  #clean = 0;
  #cleanSinceMs: number;
  #doubledPerS = 0;

  /**
   * @param shareBefore - of errors among all results
   * @param fromMs - what was sent before is still about finding the rate
   * @param isFirst - errors may have ended meanwhile; those that came again after that did not
   * @param perS - what was granted while they came
   */
  constructor(suspicion: Suspicion, shareBefore: number, fromMs: number, isFirst: boolean, perS: number) {
    this.suspicion = suspicion;
    this.#shareBefore = shareBefore;
    this.#fromMs = fromMs;
    this.#earlyUntilMs = fromMs + earlyFallMs;
    this.#mayBeOver = isFirst;
    this.#startPerS = perS;
    this.#cleanSinceMs = fromMs;
  }

  count(sentAtMs: number, isError: boolean): void {
    this.#clean++;
    if (isError) {
      this.#lastErrorSentMs = Math.max(this.#lastErrorSentMs, sentAtMs);
      [this.#clean, this.#cleanSinceMs] = [0, sentAtMs];
      if (this.#doubledPerS > 0) this.#mayBeOver = false;
    }
    if (sentAtMs < this.#fromMs) return;
    this.#results++;
    if (isError) this.#errors++;
  }

  /** `double`: go up to see whether there is a rate at all. */
  verdict(perS: number, nowMs: number): 'rate' | 'double' | 'none' | 'failed' | undefined {
    if (this.#hasFallen(perS, nowMs)) return 'failed';
    if (this.isPassed) return undefined;
    const isFailing = this.#errors >= failedErrors && this.#errors > failedShare * this.#results;
    if (isFailing) return 'failed';
    if (this.#mayBeOver) return this.#mayBeDoubled(perS, nowMs);
    // A host that is ill errs below the rate as often as it did before.
    const expected = this.#shareBefore * this.#results;
    if (expected < tellingErrors) return undefined;
    const most = Math.max(remainingShare * expected, searchErrors * this.#results);
    return this.#errors < most ? 'rate' : 'failed';
  }

  /** Far below what was granted before: a rate would not be, but single stretches of it are measured roughly. */
  #hasFallen(perS: number, nowMs: number): boolean {
    const isLow = perS < trialFallenShare * this.#startPerS;
    if (!isLow) this.#lowSinceMs = Number.POSITIVE_INFINITY;
    else this.#lowSinceMs = Math.min(this.#lowSinceMs, nowMs);
    return isLow && (nowMs < this.#earlyUntilMs || this.#lastErrorSentMs > this.#lowSinceMs);
  }

  /** Up while no error comes, until the rate is more than we use: then there is none, or none that we meet. */
  #mayBeDoubled(perS: number, nowMs: number): 'double' | 'none' | undefined {
    const cleanMs = nowMs - this.#cleanSinceMs;
    if (this.#clean < cleanResults || cleanMs < leastCleanMs) return undefined;
    if (this.#clean < (usedShare * this.#doubledPerS * cleanMs) / 1000) return 'none';
    [this.#doubledPerS, this.#clean, this.#cleanSinceMs, this.#fromMs] = [2 * perS, 0, nowMs, nowMs + doubledMs];
    [this.#errors, this.#results] = [0, 0];
    return 'double';
  }
}
