/**
 * What this machine lacks (open files, memory, ports) is nobody's fault: fewer requests at once, and the row waits.
 * Pure; times in ms.
 */

/** A row that met it goes again after this. */
export const SHORTAGE_RETRY_MS = 1_000;
/** One more request at once for each such time without shortage. Chosen: nobody knows how long others need theirs. */
const GROW_MS = 10_000;
/** Of the requests that go on: the rest is for shards and records, which would fail where rows can wait. Chosen. */
const KEPT_SHARE = 0.75;
/** Without a single reply for so long, rows end as local_shortage. Chosen, as for a network that is away. */
const MAX_HOLD_MS = 60 * 60_000;

export class Shortage {
  readonly #most: number;
  #cap: number;
  #isTold = false;
  #movedMs = 0;
  /** Of the first shortage since the last reply. */
  #sinceMs: number | undefined;

  /** @param most - requests in flight at once when nothing is short */
  constructor(most: number) {
    this.#most = most;
    this.#cap = most;
  }

  /** There is not room for all. */
  get isShort(): boolean {
    return this.#cap < this.#most;
  }

  /** Requests that may be in flight at once. */
  capAt(nowMs: number): number {
    if (this.#cap >= this.#most) return this.#most;
    const steps = Math.max(0, Math.floor((nowMs - this.#movedMs) / GROW_MS));
    this.#cap = Math.min(this.#most, this.#cap + steps);
    this.#movedMs += steps * GROW_MS;
    if (this.#cap === this.#most) this.#isTold = false;
    return this.#cap;
  }

  /**
   * A request could not even begin.
   * @param inFlight - those that go on
   * @returns whether people should be told: once, until there is room for all again
   */
  onShortage(inFlight: number, nowMs: number): boolean {
    this.#cap = Math.max(1, Math.min(this.#cap, Math.floor(inFlight * KEPT_SHARE)));
    this.#movedMs = nowMs;
    this.#sinceMs ??= nowMs;
    const isNews = !this.#isTold;
    this.#isTold = true;
    return isNews;
  }

  onReply(): void {
    this.#sinceMs = undefined;
  }

  /** Whether a row that met it should go on waiting. */
  excuses(nowMs: number): boolean {
    return this.#sinceMs !== undefined && nowMs - this.#sinceMs < MAX_HOLD_MS;
  }
}
