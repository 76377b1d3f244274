import type { Limit, Load, Outcome, SendToken, Transition } from '../../../../../src/paarc/limit.ts';

/** A limit that a test moves by hand; `onTick` decides what a tick does. */
export class MovableLimit implements Limit {
  permits: number;
  spacingMs = 0;
  pauseUntilMs = 0;
  nextTickMs = Number.POSITIVE_INFINITY;
  readonly sends: { nowMs: number; inFlight: number }[] = [];
  readonly results: { token: SendToken; outcome: Outcome; nowMs: number }[] = [];
  onTick: ((limit: MovableLimit, nowMs: number, load: Load) => Transition | undefined) | undefined;
  #tokens = 0;

  constructor(permits: number, spacingMs = 0) {
    this.permits = permits;
    this.spacingMs = spacingMs;
  }

  onSend(nowMs: number, inFlight: number): SendToken {
    this.sends.push({ nowMs, inFlight });
    this.#tokens += 1;
    return this.#tokens;
  }

  onResult(token: SendToken, outcome: Outcome, nowMs: number): void {
    this.results.push({ token, outcome, nowMs });
    if ((outcome.kind === 'rate' || outcome.kind === 'overload') && outcome.retryAfterMs !== undefined) {
      this.pauseUntilMs = Math.max(this.pauseUntilMs, nowMs + outcome.retryAfterMs);
    }
  }

  tick(nowMs: number, load: Load): Transition | undefined {
    this.nextTickMs = Number.POSITIVE_INFINITY;
    return this.onTick?.(this, nowMs, load);
  }
}
