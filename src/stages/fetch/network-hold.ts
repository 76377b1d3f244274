/**
 * Tells "this host is dead" from "we have no network": when several hosts fail before any connection and nobody answers,
 * the rows are not to blame and wait. Pure; times in ms.
 */
import type { RowCode } from '../../row-codes.ts';

/** Codes that a missing network produces. A refused connection or a missing name is somebody's answer. */
const NETWORK_CODES: ReadonlySet<RowCode> = new Set<RowCode>(['dns_error', 'connect_error', 'connect_timeout']);
/** One or two dead hosts are normal. */
const MIN_HOSTS = 3;

export class NetworkHold {
  readonly #holdAfterMs: number;
  readonly #hosts = new Set<string>();
  #firstFailureMs = 0;
  #isAnnounced = false;

  constructor(holdAfterMs: number) {
    this.#holdAfterMs = holdAfterMs;
  }

  /** @returns whether a hold just ended */
  onReply(): boolean {
    const ended = this.#isAnnounced;
    this.#hosts.clear();
    this.#isAnnounced = false;
    return ended;
  }

  onFailure(host: string, code: RowCode, nowMs: number): void {
    if (this.#holdAfterMs <= 0 || !NETWORK_CODES.has(code)) return;
    if (this.#hosts.size === 0) this.#firstFailureMs = nowMs;
    if (this.#hosts.size < MIN_HOSTS) this.#hosts.add(host);
  }

  /** Whether a failure with `code` now should cost its row nothing. */
  excuses(code: RowCode): boolean {
    return this.#hosts.size >= MIN_HOSTS && NETWORK_CODES.has(code);
  }

  /** True once, when it has lasted long enough to tell people. */
  announces(nowMs: number): boolean {
    if (this.#isAnnounced || this.#hosts.size < MIN_HOSTS || nowMs - this.#firstFailureMs < this.#holdAfterMs) return false;
    this.#isAnnounced = true;
    return true;
  }
}
