/** A time limit that stands still while we are the reason for waiting. */
import type { Clock } from '../../../clock.ts';

/** A time limit that stands still while we ourselves are the reason for waiting. */
export class Deadline {
  readonly #clock: Clock;
  readonly #expire: () => void;
  #leftMs: number;
  #startedMs = 0;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, limitMs: number, expire: () => void) {
    this.#clock = clock;
    this.#leftMs = limitMs;
    this.#expire = expire;
    this.resume();
  }

  pause(): void {
    if (this.#cancel === undefined) return;
    this.stop();
    this.#leftMs -= this.#clock.nowMs() - this.#startedMs;
  }

  resume(): void {
    if (this.#cancel !== undefined) return;
    this.#startedMs = this.#clock.nowMs();
    this.#cancel = this.#clock.timer(this.#leftMs, this.#expire);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
