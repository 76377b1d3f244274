/** A worker's right to use what it was granted. */
import type { Heartbeat } from './host-record.ts';

/**
 * This worker's right to use what others granted it: good for a time from before each heartbeat that was confirmed, and
 * never after that.
 */
export class Lease {
  #worker: string;
  #replaces: string | undefined;
  #untilMs = Number.NEGATIVE_INFINITY;

  /** @param worker - the first incarnation */
  constructor(worker: string) {
    this.#worker = worker;
  }

  /** The incarnation that holds, or will hold, the lease. */
  get worker(): string {
    return this.#worker;
  }
  /** The incarnation before it. */
  get replaces(): string | undefined {
    return this.#replaces;
  }

  isGood(nowMs: number): boolean {
    return nowMs < this.#untilMs;
  }

  /** It was good and is not any more. */
  hasEnded(nowMs: number): boolean {
    return this.#untilMs > Number.NEGATIVE_INFINITY && nowMs >= this.#untilMs;
  }

  /** A heartbeat of `worker` has arrived. Too late for a lease that has ended: others may have counted on that. */
  confirm(worker: string, { sentMs, ttlMs }: Heartbeat, nowMs: number): void {
    if (worker === this.#worker && !this.hasEnded(nowMs)) this.#untilMs = Math.max(this.#untilMs, sentMs + ttlMs);
  }

  /** Go on as somebody new, without a lease. */
  renew(worker: string): void {
    this.#replaces = this.#worker;
    this.#worker = worker;
    this.#untilMs = Number.NEGATIVE_INFINITY;
  }
}
