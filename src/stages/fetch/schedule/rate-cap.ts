/** A limit that also never sends faster than a rate somebody has set for the host. */
import type { Limit, Load, Outcome, SendToken, Transition } from '../../../paarc/limit.ts';

/** A limit that also never sends faster than a rate somebody has set for the host. */
export class RateCap implements Limit {
  readonly #inner: Limit;
  readonly #leastSpacingMs: number;

  /** @param requestsPerSecond - above 0 */
  constructor(inner: Limit, requestsPerSecond: number) {
    this.#inner = inner;
    this.#leastSpacingMs = 1000 / requestsPerSecond;
  }

  get permits(): number {
    return this.#inner.permits;
  }

  get spacingMs(): number {
    return Math.max(this.#inner.spacingMs, this.#leastSpacingMs);
  }

  get pauseUntilMs(): number {
    return this.#inner.pauseUntilMs;
  }

  get nextTickMs(): number {
    return this.#inner.nextTickMs;
  }

  onSend(nowMs: number, inFlight: number): SendToken {
    return this.#inner.onSend(nowMs, inFlight);
  }

  onResult(token: SendToken, outcome: Outcome, nowMs: number): void {
    this.#inner.onResult(token, outcome, nowMs);
  }

  tick(nowMs: number, load: Load): Transition | undefined {
    return this.#inner.tick(nowMs, load);
  }
}
