/** How much of this thread's time answers may take: whoever asks without end must not slow the run. */
import type { Clock } from '../clock.ts';

/** Of the time, and so much of it at once. Chosen: a page takes a fifth of that with 200,000 hosts. */
const SHARE = 0.05;
const MOST_MS = 500;
/** What a question costs before it comes to us. Measured. */
const QUESTION_MS = 0.1;

export class Allowance {
  readonly #clock: Clock;
  #leftMs = MOST_MS;
  #atMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#atMs = clock.nowMs();
  }

  /** Whether there is time for another answer. */
  get hasAny(): boolean {
    const nowMs = this.#clock.nowMs();
    this.#leftMs = Math.min(MOST_MS, this.#leftMs + SHARE * (nowMs - this.#atMs));
    this.#atMs = nowMs;
    return this.#leftMs > 0;
  }

  spend(ms: number): void {
    // A process that stood still in the middle of an answer has spent nothing by that.
    this.#leftMs = Math.max(-MOST_MS, this.#leftMs - ms - QUESTION_MS);
  }
}
