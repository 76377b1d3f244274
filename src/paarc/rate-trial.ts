/** Errors that came at any load are taken for a rate that we exceeded, on trial. */
import type { Suspicion } from './error-cause.ts';
import {
  cleanMs,
  cleanResults,
  doubledMs,
  failedErrors,
  failedShare,
  ofBefore,
  provenResults,
  provenShare,
  trialFallenShare,
} from './tuning.ts';

/** Counts what comes of requests that were sent at the rate. */
export class RateTrial {
  /** What was known before. */
  readonly suspicion: Suspicion;
  #fromMs: number;
  /** Errors may have ended meanwhile. */
  #mayBeOver: boolean;
  readonly #startPerS: number;
  #errors = 0;
  #results = 0;
  #clean = 0;
  #cleanSinceMs: number;
  #isDoubled = false;

  /**
   * @param fromMs - what was sent before is still about finding the rate
   * @param isFirst - errors may have ended meanwhile; those that came again after that did not
   * @param perS - what was granted while they came
   */
  constructor(suspicion: Suspicion, fromMs: number, isFirst: boolean, perS: number) {
    this.suspicion = suspicion;
    this.#fromMs = fromMs;
    this.#mayBeOver = isFirst;
    this.#startPerS = perS;
    this.#cleanSinceMs = fromMs;
  }

  count(sentAtMs: number, isError: boolean): void {
    this.#clean++;
    if (isError) {
      [this.#clean, this.#cleanSinceMs] = [0, sentAtMs];
      if (this.#isDoubled) this.#mayBeOver = false;
    }
    if (sentAtMs < this.#fromMs) return;
    this.#results++;
    if (isError) this.#errors++;
  }

  /** `double`: go up to see whether there is a rate at all. */
  verdict(perS: number, nowMs: number): 'rate' | 'double' | 'none' | 'failed' | undefined {
    // A host that is ill errs below the rate as often as it did before.
    const before = this.suspicion.errors / Math.max(1, this.suspicion.results);
    const isFailing =
      this.#errors >= failedErrors && this.#errors > Math.min(failedShare, ofBefore * before) * this.#results;
    if (isFailing || perS < trialFallenShare * this.#startPerS) return 'failed';
    const isClean = this.#clean >= cleanResults && nowMs - this.#cleanSinceMs >= cleanMs;
    if (this.#mayBeOver && isClean && this.#isDoubled) return 'none';
    if (this.#mayBeOver && isClean) {
      [this.#isDoubled, this.#clean, this.#cleanSinceMs, this.#fromMs] = [true, 0, nowMs, nowMs + doubledMs];
      [this.#errors, this.#results] = [0, 0];
      return 'double';
    }
    if (this.#mayBeOver) return undefined;
    return this.#results >= provenResults && this.#errors < provenShare * this.#results ? 'rate' : undefined;
  }
}
