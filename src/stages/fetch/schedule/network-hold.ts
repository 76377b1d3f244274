/**
 * Tells "these hosts are dead" from "we have no network": when several hosts that had answered before fail without a
 * connection and nobody answers any more, the rows are not to blame and wait. Pure; times in ms.
 */
import type { RowCode } from '../../../row-codes.ts';

/** Codes that a missing network produces. A refused connection or a missing name is somebody's answer. */
const NETWORK_CODES: ReadonlySet<RowCode> = new Set<RowCode>(['dns_error', 'connect_error', 'connect_timeout']);
/** One or two hosts may die at a time. */
const MIN_HOSTS = 3;
/** What lasts longer is no outage: three hosts that shut us out must not keep a job alive for ever. Chosen. */
const MAX_HOLD_MS = 60 * 60_000;

export class NetworkHold {
  readonly #holdAfterMs: number;
  readonly #hosts = new Set<string>();
  #firstFailureMs = 0;
  #isAnnounced = false;

  /** @param holdAfterMs - 0 switches it off */
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

  /**
   * @param wasAlive - the host has answered in this run; the others prove nothing: the tail of a manifest is full of
   * dead hosts
   */
  onFailure(host: string, code: RowCode, wasAlive: boolean, nowMs: number): void {
    if (this.#holdAfterMs <= 0 || !wasAlive || !NETWORK_CODES.has(code)) return;
    if (this.#hosts.size === 0) this.#firstFailureMs = nowMs;
    if (this.#hosts.size < MIN_HOSTS) this.#hosts.add(host);
  }

  /** Whether a failure with `code` now should cost its row nothing. */
  excuses(code: RowCode, nowMs: number): boolean {
    return this.#hosts.size >= MIN_HOSTS && NETWORK_CODES.has(code) && nowMs - this.#firstFailureMs < MAX_HOLD_MS;
  }

  /** True once, when it has lasted long enough to tell people. */
  announces(nowMs: number): boolean {
    if (this.#isAnnounced || this.#hosts.size < MIN_HOSTS || nowMs - this.#firstFailureMs < this.#holdAfterMs)
      return false;
    this.#isAnnounced = true;
    return true;
  }
}
