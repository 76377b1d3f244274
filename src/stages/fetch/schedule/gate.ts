/**
 * The door to one host: says when the next request may leave, and feeds what became of it to the limit.
 *
 * The scheduler asks; nobody waits inside. A row that may not leave yet holds no permit and no promise, so the classic
 * gate faults have no place here: nothing sleeps under a lock, raising a limit has nobody to forget to wake, lowering
 * one lets running requests drain, and cancelling a waiting row is dropping it from its queue.
 */
import { atOnce } from '../../../errors.ts';
import type { Limit, Load, Outcome, SendToken, Transition } from '../../../paarc/limit.ts';

/**
 * How far back slots count that a waiting row missed: Node's timers have a grain of 1 ms and slip under load, and at
 * 200 requests/s a slip of 5 ms would halve the rate. More would let a stalled process return with a burst. Chosen.
 */
const MAX_SLIP_MS = 20;

export interface Permit {
  readonly token: SendToken;
  readonly sentAtMs: number;
}

export class Gate {
  readonly limit: Limit;
  #inFlight = 0;
  #nextSlotMs = 0;

  constructor(limit: Limit) {
    this.limit = limit;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** The limit lets nothing through and will not think again: the host is out of bounds. */
  get isShut(): boolean {
    return this.limit.permits < 1 && this.#inFlight === 0 && this.limit.nextTickMs === Number.POSITIVE_INFINITY;
  }

  /** Earliest time at which a request may leave; Infinity while every permit is out. */
  readyAtMs(): number {
    if (this.#inFlight >= this.limit.permits) return Number.POSITIVE_INFINITY;
    return Math.max(this.limit.nextSlotMs ?? this.#nextSlotMs, this.limit.pauseUntilMs);
  }

  /**
   * Send one request now. Call only when `readyAtMs() <= nowMs`.
   * @param waitingSinceMs - since when rows have been waiting without a break; slots before that are lost: an idle host
   * saves nothing up
   * @returns undefined when another thread has taken the last permit meanwhile
   */
  send(nowMs: number, waitingSinceMs: number = nowMs): Permit | undefined {
    if (this.limit.acquire !== undefined) return this.#sendShared(nowMs, waitingSinceMs);
    const readyMs = this.readyAtMs();
    if (readyMs > nowMs) throw new Error(`gate: send at ${nowMs} before ${readyMs}`);
    const slotMs = Math.min(nowMs, Math.max(readyMs, waitingSinceMs, nowMs - MAX_SLIP_MS));
    this.#nextSlotMs = slotMs + this.limit.spacingMs;
    this.#inFlight += 1;
    return { token: atOnce(this.limit.onSend(nowMs, this.#inFlight), 'onSend of a limit'), sentAtMs: nowMs };
  }

  /** Slots and pauses are in the shared limit, which says now whether another thread has left anything. */
  #sendShared(nowMs: number, waitingSinceMs: number): Permit | undefined {
    if (this.limit.acquire?.(nowMs, waitingSinceMs) !== true) return undefined;
    this.#inFlight += 1;
    return { token: atOnce(this.limit.onSend(nowMs, this.#inFlight), 'onSend of a limit'), sentAtMs: nowMs };
  }

  /** The request of `permit` ended. Exactly once per permit. */
  settle(permit: Permit, outcome: Outcome, nowMs: number): void {
    this.#inFlight -= 1;
    atOnce(this.limit.onResult(permit.token, outcome, nowMs), 'onResult of a limit');
  }

  /** Let the limit think, when its time has come. */
  tick(nowMs: number, load: Load): Transition | undefined {
    const before = this.limit.spacingMs;
    const transition = atOnce(this.limit.tick(nowMs, load), 'tick of a limit');
    // A rate that was just raised must not wait out a slot that the old rate had booked.
    if (this.limit.spacingMs < before) this.#nextSlotMs = Math.min(this.#nextSlotMs, nowMs + this.limit.spacingMs);
    return transition;
  }
}
