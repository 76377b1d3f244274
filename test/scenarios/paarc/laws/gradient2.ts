/** Netflix's Gradient2 over windows of a second. Source: github.com/Netflix/concurrency-limits, its README and comments. */
import type { Outcome, SendToken } from '../../../../src/paarc/limit.ts';
import { bounded, ConcurrencyLaw } from './concurrency-law.ts';

/** Its defaults, but for the bounds of 20 and 200. */
const initialPermits = 20;
const queue = 4;
const smoothing = 0.2;
const tolerance = 1.5;
const leastGradient = 0.5;
const longWindows = 600;
const warmUpWindows = 10;
const windowMs = 1000;
const leastSamples = 10;
/** A long mean of more than twice the short one is out of date. */
const staleTimes = 2;
const staleDecay = 0.95;

/**
 * Compares the mean latency of a second with that of minutes: the limit follows their ratio down to one half, and may
 * hold a few requests more that queue. A refusal counts as a reply like others; nothing grows while less than half of
 * the limit is in use.
 */
export class Gradient2Law extends ConcurrencyLaw {
  #estimate = initialPermits;
  #longMs = 0;
  #windows = 0;
  #samples = 0;
  #sumMs = 0;
  #mostInFlight = 0;
  #endsMs = 0;

  get permits(): number {
    return Math.floor(this.#estimate);
  }

  onSend(_nowMs: number, inFlight: number): SendToken {
    return inFlight;
  }

  protected learn(inFlight: SendToken, outcome: Outcome, nowMs: number): void {
    if (outcome.kind === 'neutral') return;
    this.#samples++;
    this.#sumMs += outcome.serviceMs;
    this.#mostInFlight = Math.max(this.#mostInFlight, inFlight);
    if (nowMs <= this.#endsMs) return;
    if (this.#samples >= leastSamples) this.#estimate = this.#next(this.#sumMs / this.#samples, this.#mostInFlight);
    this.#endsMs = nowMs + windowMs;
    this.#samples = 0;
    this.#sumMs = 0;
    this.#mostInFlight = 0;
  }

  #next(shortMs: number, inFlight: number): number {
    const longMs = this.#average(shortMs);
    if (longMs > staleTimes * shortMs) this.#longMs *= staleDecay;
    if (inFlight < this.#estimate / 2) return this.#estimate;
    const gradient = Math.max(leastGradient, Math.min(1, (tolerance * longMs) / shortMs));
    const wanted = gradient * this.#estimate + queue;
    return bounded(this.#estimate + smoothing * (wanted - this.#estimate));
  }

  /** The mean of the first windows, then exponential. */
  #average(shortMs: number): number {
    this.#windows++;
    const part = this.#windows <= warmUpWindows ? 1 / this.#windows : 2 / (longWindows + 1);
    this.#longMs += part * (shortMs - this.#longMs);
    return this.#longMs;
  }
}
