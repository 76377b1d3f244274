/**
 * Vector's Adaptive Request Concurrency. Sources: vector.dev/blog/adaptive-request-concurrency, the documentation of
 * `adaptive_concurrency`, github.com/vectordotdev/vector.
 */
import type { Outcome, SendToken } from '../../../../src/paarc/limit.ts';
import { bounded, ConcurrencyLaw } from './concurrency-law.ts';

/** Its defaults, but for the bound of 200. */
const initialPermits = 1;
const decrease = 0.9;
const alpha = 0.4;
const deviations = 2.5;

/**
 * Looks once per mean latency: one more when the limit was reached and replies were not slower than before, nine tenths
 * after back pressure (429, 5xx, a timeout, a reset) or when replies took longer than their usual spread explains. Only
 * the latency of a success counts.
 */
export class ArcLaw extends ConcurrencyLaw {
  #permits = initialPermits;
  #past: { readonly meanMs: number; readonly variance: number } | undefined;
  #looksMs = 0;
  #samples = 0;
  #sumMs = 0;
  #hadBackPressure = false;
  #wasReached = false;

  get permits(): number {
    return this.#permits;
  }

  onSend(_nowMs: number, inFlight: number): SendToken {
    if (inFlight >= this.#permits) this.#wasReached = true;
    return 0;
  }

  protected learn(_token: SendToken, outcome: Outcome, nowMs: number): void {
    if (outcome.kind === 'rate' || outcome.kind === 'overload') this.#hadBackPressure = true;
    if (outcome.kind === 'ok') {
      this.#samples++;
      this.#sumMs += outcome.serviceMs;
    }
    const currentMs = this.#samples === 0 ? undefined : this.#sumMs / this.#samples;
    if (this.#past === undefined) {
      if (currentMs === undefined) return;
      this.#past = { meanMs: currentMs, variance: 0 };
      this.#looksMs = nowMs + currentMs;
      return;
    }
    if (nowMs < this.#looksMs) return;
    this.#move(this.#past, currentMs);
    if (currentMs !== undefined) this.#past = smoothed(this.#past, currentMs);
    this.#looksMs = nowMs + this.#past.meanMs;
    this.#samples = 0;
    this.#sumMs = 0;
    this.#hadBackPressure = false;
    this.#wasReached = false;
  }

  #move({ meanMs, variance }: { meanMs: number; variance: number }, currentMs: number | undefined): void {
    const isQuick = currentMs !== undefined && currentMs <= meanMs;
    const isSlow = (currentMs ?? 0) >= meanMs + deviations * Math.sqrt(variance);
    if (this.#wasReached && !this.#hadBackPressure && isQuick) this.#permits = bounded(this.#permits + 1);
    else if (this.#hadBackPressure || isSlow) this.#permits = bounded(Math.floor(decrease * this.#permits));
  }
}

/** Exponentially weighted mean and variance. */
function smoothed(past: { meanMs: number; variance: number }, valueMs: number): { meanMs: number; variance: number } {
  const difference = valueMs - past.meanMs;
  return {
    meanMs: past.meanMs + alpha * difference,
    variance: (1 - alpha) * (past.variance + alpha * difference ** 2),
  };
}
