/** Whether a host has shut its door on us, although its replies speak of single files. */
import { type Limit, RefusalWatch } from '../../../paarc/index.ts';
import type { RowCode } from '../../../row-codes.ts';
import { DENIALS } from '../reply/attempt-error.ts';
import type { AttemptEnd } from '../reply/attempt-terms.ts';
import { HostBreaker } from './host-breaker.ts';

/** Probes over at least this time that were all refused: the rest of the rows is not tried. One a minute still is. */
const BAN = { failures: 5, spanMs: 300_000, probeMs: 60_000 };

/** How often a row is put off by a host that denies some and grants others. */
const MIXED_DEFERRALS = 3;

export class DoorWatch {
  readonly #watch = new RefusalWatch();
  readonly #ban = new HostBreaker(BAN);
  readonly #limit: Pick<Limit, 'refusesAll'>;

  /** @param limit - knows what the replies to other threads and machines show */
  constructor(limit: Pick<Limit, 'refusesAll'>) {
    this.#limit = limit;
  }

  /** The host refuses everything since some replies ago. */
  get isShut(): boolean {
    return this.#watch.isShut || this.#limit.refusesAll === true;
  }

  /** Whether a reply means "not now", whatever its status: it says when to come back, or those before it say so. */
  isNotNow(end: AttemptEnd, nowMs: number): boolean {
    if (end.kind === 'body') return this.isShut && /html/i.test(end.headers.contentType ?? '');
    if (end.kind !== 'failed') return false;
    const isDenied = this.heard(end.code, nowMs);
    return isDenied || (end.retryAfterMs !== undefined && end.status !== undefined && end.status < 500);
  }

  /** A row's attempt ended. @returns whether that says "not now" instead of what became of the file */
  heard(code: RowCode | undefined, nowMs: number): boolean {
    if (code === undefined || code === 'http_304') {
      this.#watch.granted();
      this.#ban.onReply();
    }
    if (!DENIALS.has(code)) return false;
    const isRefusal = this.#watch.denied() || this.#limit.refusesAll === true;
    if (isRefusal) this.#ban.onFailure(nowMs);
    return isRefusal;
  }

  /**
   * Whether a failure with `code` is a refusal now. A row that was put off and is denied again while others are granted
   * has a dead link after all.
   */
  isRefusal(code: RowCode, deferrals: number): boolean {
    if (!DENIALS.has(code)) return false;
    if (this.isShut || (this.#watch.isRefusing && deferrals < MIXED_DEFERRALS)) return true;
    if (deferrals > 0) this.#watch.dead();
    return false;
  }

  /** Whether a row may go now: while the door is shut for long, one a minute. */
  admits(nowMs: number): boolean {
    return this.#ban.admits(nowMs);
  }
}
