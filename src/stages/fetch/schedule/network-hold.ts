/**
 * Tells "these hosts are dead" from "we have no network": when several hosts that had answered before fail without a
 * connection and nobody answers any more, the rows are not to blame and wait. So it is when no name could be resolved
 * since the start. Pure; times in ms.
 */
import type { RowCode } from '../../../row-codes.ts';

/** Codes that a missing network produces. A refused connection or a missing name is somebody's answer. */
const NETWORK_CODES: ReadonlySet<RowCode> = new Set<RowCode>([
  'dns_error',
  'connect_error',
  'connect_timeout',
  'proxy_error',
]);
/** One or two hosts may die at a time. */
const MIN_HOSTS = 3;
/** Of names that nobody knows, since the start: a list may well begin with some dead hosts. Chosen. */
const MIN_NAMES = 8;
/** What lasts longer is no outage: three hosts that shut us out must not keep a job alive for ever. Chosen. */
const MAX_HOLD_MS = 60 * 60_000;

export class NetworkHold {
  readonly #holdAfterMs: number;
  readonly #hosts = new Set<string>();
  /** Names that could not be resolved; undefined once one was. */
  #names: Set<string> | undefined = new Set();
  #firstFailureMs = 0;
  /** What everything goes through, a proxy, is away. */
  #isProxyAway = false;
  #isAnnounced = false;

  /** @param holdAfterMs - 0 switches it off */
  constructor(holdAfterMs: number) {
    this.#holdAfterMs = holdAfterMs;
  }

  /** @returns whether a hold just ended */
  onReply(): boolean {
    const ended = this.#isAnnounced;
    this.#hosts.clear();
    this.#names = undefined;
    this.#isAnnounced = false;
    this.#isProxyAway = false;
    return ended;
  }

  /** The proxy that everything goes through cannot be reached: one failure is enough. */
  onOwnFailure(nowMs: number): void {
    if (this.#holdAfterMs <= 0) return;
    if (!this.#isAway) this.#firstFailureMs = nowMs;
    this.#isProxyAway = true;
  }

  /**
   * @param wasAlive - the host has answered in this run; the others prove nothing: the tail of a manifest is full of
   * dead hosts
   */
  onFailure(host: string, code: RowCode, wasAlive: boolean, nowMs: number): void {
    if (this.#holdAfterMs <= 0) return;
    if (code !== 'dns_not_found' && code !== 'dns_error') this.#names = undefined;
    else if (this.#names !== undefined && this.#names.size < MIN_NAMES) {
      if (this.#names.size === 0) this.#firstFailureMs = nowMs;
      this.#names.add(host);
    }
    if (!wasAlive || !NETWORK_CODES.has(code)) return;
    if (this.#hosts.size === 0) this.#firstFailureMs = nowMs;
    if (this.#hosts.size < MIN_HOSTS) this.#hosts.add(host);
  }

  /** Names could not be resolved, too few of them for a sign, and nobody has been reached. */
  get isUndecided(): boolean {
    const names = this.#names?.size ?? 0;
    return names > 0 && names < MIN_NAMES;
  }

  /** Whether a failure with `code` now should cost its row nothing. */
  excuses(code: RowCode, nowMs: number): boolean {
    if (!this.#isAway || nowMs - this.#firstFailureMs >= MAX_HOLD_MS) return false;
    return NETWORK_CODES.has(code) || (code === 'dns_not_found' && this.#hasNoNames);
  }

  /** True once, when it has lasted long enough to tell people. */
  announces(nowMs: number): boolean {
    if (this.#isAnnounced || !this.#isAway || nowMs - this.#firstFailureMs < this.#holdAfterMs) return false;
    this.#isAnnounced = true;
    return true;
  }

  get #hasNoNames(): boolean {
    return this.#names?.size === MIN_NAMES;
  }

  get #isAway(): boolean {
    return this.#isProxyAway || this.#hosts.size >= MIN_HOSTS || this.#hasNoNames;
  }
}
