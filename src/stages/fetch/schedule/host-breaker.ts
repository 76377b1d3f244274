/** Whether a host is down. */

/** Why a row of a host is not tried. */
export type Refusal = 'host_down' | 'host_paused' | 'host_banned' | 'host_skipped';

/** When a host is given up for now, so that its rows do not each wait out their time limits. Pure; times in ms. */
export interface BreakerOptions {
  /** Failures in a row, without a single reply, before the host counts as down. */
  readonly failures: number;
  /** Least time over which those failures must spread. */
  readonly spanMs: number;
  /** While down, one row is let through this often. */
  readonly probeMs: number;
}

export class HostBreaker {
  readonly #options: BreakerOptions;
  #failures = 0;
  #firstFailureMs = 0;
  #probeAtMs = Number.POSITIVE_INFINITY;
  #hasReplied = false;
  #hasSucceeded = false;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  /** Whether there was ever a reply. */
  get hasReplied(): boolean {
    return this.#hasReplied;
  }

  /** A reply that brings something, or says what became of a file, shows that the host lives. */
  onReply(isSuccess = true): void {
    this.#hasReplied = true;
    this.#hasSucceeded ||= isSuccess;
    this.#failures = 0;
    this.#probeAtMs = Number.POSITIVE_INFINITY;
  }

  /** The host says that it fails. One that has never done anything else is down; of another that is an outage. */
  onErrorReply(nowMs: number): void {
    if (this.#hasSucceeded) return this.onReply();
    this.#hasReplied = true;
    this.onFailure(nowMs);
  }

  onFailure(nowMs: number): void {
    if (this.#failures === 0) this.#firstFailureMs = nowMs;
    this.#failures += 1;
    const isDown = this.#failures >= this.#options.failures && nowMs - this.#firstFailureMs >= this.#options.spanMs;
    if (isDown && this.#probeAtMs === Number.POSITIVE_INFINITY) this.#probeAtMs = nowMs + this.#options.probeMs;
  }

  /** Whether a row may go now; a probe that is let through books the next one. */
  admits(nowMs: number): boolean {
    if (this.#probeAtMs === Number.POSITIVE_INFINITY) return true;
    if (nowMs < this.#probeAtMs) return false;
    this.#probeAtMs = nowMs + this.#options.probeMs;
    return true;
  }
}
