/**
 * Tells the faults of a host from troubles of our own: no network, no files or ports left on this machine. For those no
 * row pays and no host is given up.
 */
import type { Clock } from '../../clock.ts';
import { isTransient, type RowCode } from '../../row-codes.ts';
import type { AttemptEnd } from './reply/attempt-terms.ts';
import type { Lane } from './schedule/lane.ts';
import { NetworkHold } from './schedule/network-hold.ts';
import { SHORTAGE_RETRY_MS, Shortage } from './shortage.ts';

/** How long rows wait that failed while there seems to be no network at all. */
const NETWORK_RETRY_MS = 5_000;

/** Why rows of a host end that were not tried. */
export const REFUSALS = {
  host_down: 'the host failed every request for too long',
  host_banned: 'the host answers nothing any more but refusals (403 and the like), for minutes',
  host_skipped: 'somebody said to skip the host while the run went on',
  host_paused: 'the host asks for a longer pause than max_retry_after allows',
};

export interface TroubleHooks {
  readonly onNetwork: (isHeld: boolean) => void;
  /** This machine is short of something; told once, until it is not. */
  readonly onShortage: (message: string) => void;
}

export class OwnTroubles {
  readonly #clock: Clock;
  readonly #hooks: TroubleHooks;
  readonly #network: NetworkHold;
  readonly #shortage: Shortage;

  /** @param most - requests in flight at once; @param offlineHoldMs - 0: rows are never held for want of a network */
  constructor(clock: Clock, most: number, offlineHoldMs: number, hooks: TroubleHooks) {
    this.#clock = clock;
    this.#hooks = hooks;
    this.#network = new NetworkHold(offlineHoldMs);
    this.#shortage = new Shortage(most);
  }

  /** As many requests are in flight as this machine can carry. */
  isFull(inFlight: number): boolean {
    return this.#shortage.isShort && inFlight >= this.#shortage.capAt(this.#clock.nowMs());
  }

  /** An attempt ended. @param othersInFlight - those that go on */
  note({ breaker, patience }: Lane<unknown>, host: string, end: AttemptEnd, othersInFlight: number): void {
    const nowMs = this.#clock.nowMs();
    if (end.kind !== 'failed' || end.status !== undefined) {
      const isSuccess = end.kind !== 'failed' || end.code === 'http_304';
      const isError = !isSuccess && end.retryAfterMs === undefined && (end.status ?? 0) >= 500;
      if (isError) breaker.onErrorReply(nowMs);
      else breaker.onReply(isSuccess);
      if (isSuccess) patience.onSuccess();
      else if (end.retryAfterMs !== undefined) patience.onPause(end.retryAfterMs, nowMs);
      this.#shortage.onReply();
      if (this.#network.onReply()) this.#hooks.onNetwork(false);
      return;
    }
    if (end.code === 'local_shortage') {
      if (this.#shortage.onShortage(othersInFlight, nowMs)) this.#hooks.onShortage(end.message);
      return;
    }
    if (end.isOurs === true) this.#network.onOwnFailure(nowMs);
    else this.#network.onFailure(host, end.code, breaker.hasReplied, nowMs);
    // A name that does not exist or a refused address ends its rows by itself; that is no host that is down.
    if (isTransient(end.code) && !this.#network.excuses(end.code, nowMs)) breaker.onFailure(nowMs);
    if (this.#network.announces(nowMs)) this.#hooks.onNetwork(true);
  }

  /** Whether a failure with `code` may yet turn out to be ours: names fail, and nothing has shown that any can be had. */
  isUndecided(code: RowCode): boolean {
    return this.#network.isUndecided && (code === 'dns_not_found' || code === 'dns_error');
  }

  /** How long a row waits whose failure now costs it nothing, ms; undefined when it does. */
  excuse(code: RowCode): number | undefined {
    const nowMs = this.#clock.nowMs();
    if (code === 'local_shortage') return this.#shortage.excuses(nowMs) ? SHORTAGE_RETRY_MS : undefined;
    return this.#network.excuses(code, nowMs) ? NETWORK_RETRY_MS : undefined;
  }
}
