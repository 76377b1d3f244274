/** How much of this thread's time answers may take: whoever asks without end must not slow the run. */
import type { Clock } from '../clock.ts';

/** Of the time, and so much of it at once. Chosen: a page takes a fifth of that with 200,000 hosts. */
const SHARE = 0.05;
const MOST_MS = 500;
/** What a question costs before it comes to us. Measured. */
const QUESTION_MS = 0.1;

interface Reading {
  readonly atMs: number;
  /** What the processors have done for this process. */
  readonly cpuMs: number;
}

function cpuOfProcessMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

export class Allowance {
  readonly #clock: Clock;
  readonly #cpuMs: () => number;
  #leftMs = MOST_MS;
  #atMs: number;
  /** Up to here answers were paid for. */
  #paid: Reading;

  constructor(clock: Clock, cpuMs: () => number = cpuOfProcessMs) {
    this.#clock = clock;
    this.#cpuMs = cpuMs;
    this.#paid = this.#read();
    this.#atMs = this.#paid.atMs;
  }

  /** Whether there is time for another answer. */
  get hasAny(): boolean {
    const nowMs = this.#clock.nowMs();
    this.#leftMs = Math.min(MOST_MS, this.#leftMs + SHARE * (nowMs - this.#atMs));
    this.#atMs = nowMs;
    return this.#leftMs > 0;
  }

  /** @returns what is to be called at the end of the answer that begins; time that answers share is paid for once. */
  begin(): () => void {
    const start = this.#read();
    return () => {
      const now = this.#read();
      // On a machine that is short of processors an answer takes long, and no more of them than otherwise.
      const tookMs = now.atMs - Math.max(start.atMs, this.#paid.atMs);
      const cpuMs = now.cpuMs - Math.max(start.cpuMs, this.#paid.cpuMs);
      this.#paid = now;
      // A process that stood still in the middle of an answer has spent nothing by that.
      this.#leftMs = Math.max(-MOST_MS, this.#leftMs - Math.min(tookMs, cpuMs) - QUESTION_MS);
    };
  }

  #read(): Reading {
    return { atMs: this.#clock.nowMs(), cpuMs: this.#cpuMs() };
  }
}
