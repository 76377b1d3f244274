/**
 * How much of the last second we ourselves were the narrow place: an event loop at its limit, or requests held back by
 * the body budget, the sink or the global cap. A law that does not know this takes a slow client for a slow host.
 */
import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import type { Clock } from '../../../clock.ts';

const WINDOW_MS = 1000;

export class LoadMeter {
  readonly #clock: Clock;
  #waits = 0;
  #limitedSinceMs: number | undefined;
  #limitedMs = 0;
  #windowStartMs: number;
  #windowElu: EventLoopUtilization;
  #clientLimited = 0;
  #utilization = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#windowStartMs = clock.nowMs();
    this.#windowElu = performance.eventLoopUtilization();
  }

  /** Something of ours begins (true) or ends (false) to hold requests back. Calls nest. */
  waiting(begins: boolean): void {
    this.#waits += begins ? 1 : -1;
    if (this.#waits > 0 && this.#limitedSinceMs === undefined) this.#limitedSinceMs = this.#clock.nowMs();
    if (this.#waits === 0) this.#settle();
  }

  /** The last whole window, 0..1 each. */
  read(): { eventLoopUtilization: number; clientLimited: number } {
    const elapsedMs = this.#clock.nowMs() - this.#windowStartMs;
    if (elapsedMs >= WINDOW_MS) this.#turn(elapsedMs);
    return { eventLoopUtilization: this.#utilization, clientLimited: this.#clientLimited };
  }

  #turn(elapsedMs: number): void {
    const wasLimited = this.#limitedSinceMs !== undefined;
    this.#settle();
    this.#clientLimited = Math.min(1, this.#limitedMs / elapsedMs);
    const elu = performance.eventLoopUtilization();
    this.#utilization = performance.eventLoopUtilization(elu, this.#windowElu).utilization;
    this.#windowElu = elu;
    this.#limitedMs = 0;
    this.#windowStartMs += elapsedMs;
    if (wasLimited) this.#limitedSinceMs = this.#windowStartMs;
  }

  #settle(): void {
    if (this.#limitedSinceMs === undefined) return;
    this.#limitedMs += Math.max(0, this.#clock.nowMs() - this.#limitedSinceMs);
    this.#limitedSinceMs = undefined;
  }
}
