/** What the laws of others share here: they move a concurrency from result to result, and keep a Retry-After. */
import { type Limit, type Outcome, pauseOf, type SendToken } from '../../../../src/paarc/limit.ts';

/** Bounds for all of them, so that no law wins or loses by a default for other programs: PAARC's ceiling, no floor. */
const LEAST_PERMITS = 1;
const MOST_PERMITS = 2000;

/**
 * A concurrency without a rate, without a clock. None of the descriptions knows a Retry-After; it is kept for them, as
 * every program for files of others has to.
 */
export abstract class ConcurrencyLaw implements Limit {
  readonly spacingMs = 0;
  readonly nextTickMs = Number.POSITIVE_INFINITY;
  #pauseUntilMs = 0;

  abstract readonly permits: number;

  get pauseUntilMs(): number {
    return this.#pauseUntilMs;
  }

  abstract onSend(nowMs: number, inFlight: number): SendToken;

  onResult(token: SendToken, outcome: Outcome, nowMs: number): void {
    const pauseMs = pauseOf(outcome);
    if (pauseMs !== undefined) this.#pauseUntilMs = Math.max(this.#pauseUntilMs, nowMs + pauseMs);
    this.learn(token, outcome, nowMs);
  }

  protected abstract learn(token: SendToken, outcome: Outcome, nowMs: number): void;

  tick(): undefined {
    return undefined;
  }
}

/** Within the bounds of all laws. */
export function bounded(permits: number): number {
  return Math.min(MOST_PERMITS, Math.max(LEAST_PERMITS, permits));
}
