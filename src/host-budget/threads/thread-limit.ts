/** A host's limit as one thread sees it: permits are taken from the shared table, what happens is told to the desk. */
import type { Limit, Load, Outcome, SendToken } from '../../paarc/limit.ts';
import type { GateTable } from './gate-table.ts';

/** Where the controllers are. Times are of the shared clock. */
export interface LimitDeskLine {
  /** @returns a token for the result */
  sent(slot: number, atMs: number): SendToken;
  ended(slot: number, token: SendToken, outcome: Outcome, atMs: number): void;
}

/** How often a thread looks for permits that others gave back, while rows wait: with others on the host, and without. */
const [CONTENDED_POLL_MS, POLL_MS] = [4, 200];

export class ThreadLimit implements Limit {
  readonly spacingMs = 0;
  readonly #table: GateTable;
  readonly #thread: number;
  readonly #line: LimitDeskLine;
  /** What the thread's own clock lacks to the shared one, ms. */
  readonly #shiftMs: number;
  /** Undefined until the desk has given the host a slot. */
  #slot: number | undefined;
  #own = 0;
  #pollAtMs = 0;

  constructor(table: GateTable, thread: number, line: LimitDeskLine, shiftMs: number, slot?: number) {
    this.#table = table;
    this.#thread = thread;
    this.#line = line;
    this.#shiftMs = shiftMs;
    this.#slot = slot;
  }

  get slot(): number | undefined {
    return this.#slot;
  }

  /** The desk has answered; the next look finds the gate open. */
  assign(slot: number): void {
    this.#slot = slot;
    this.#pollAtMs = 0;
  }

  get permits(): number {
    if (this.#slot === undefined) return 0;
    const permits = this.#table.permits(this.#slot);
    return permits < 0 ? 0 : this.#own + Math.max(0, permits - this.#table.inFlight(this.#slot));
  }

  get pauseUntilMs(): number {
    return this.#slot === undefined ? 0 : this.#table.readyAtMs(this.#slot) - this.#shiftMs;
  }

  get nextTickMs(): number {
    const isShut = this.#slot !== undefined && this.#own === 0 && this.#table.permits(this.#slot) < 0;
    return isShut ? Number.POSITIVE_INFINITY : this.#pollAtMs;
  }

  acquire(nowMs: number, waitingSinceMs: number): boolean {
    if (this.#slot === undefined) return false;
    return this.#table.acquire(this.#slot, this.#thread, nowMs + this.#shiftMs, waitingSinceMs + this.#shiftMs);
  }

  onSend(nowMs: number): SendToken {
    this.#own += 1;
    return this.#line.sent(this.#slot as number, nowMs + this.#shiftMs);
  }

  onResult(token: SendToken, outcome: Outcome, nowMs: number): void {
    const slot = this.#slot as number;
    const atMs = nowMs + this.#shiftMs;
    this.#own -= 1;
    // At once, and not when the desk hears of it: others would send into the pause meanwhile.
    if ((outcome.kind === 'rate' || outcome.kind === 'overload') && outcome.retryAfterMs !== undefined)
      this.#table.pause(slot, atMs + outcome.retryAfterMs);
    this.#table.release(slot, this.#thread);
    this.#line.ended(slot, token, outcome, atMs);
  }

  /** Only tells how many rows wait; the controller thinks elsewhere. */
  tick(nowMs: number, load: Load): undefined {
    this.#table.setLoad(this.#thread, load.eventLoopUtilization, load.clientLimited);
    const slot = this.#slot;
    if (slot === undefined) {
      this.#pollAtMs = nowMs + CONTENDED_POLL_MS;
      return;
    }
    this.#table.setWaiting(slot, this.#thread, load.waiting);
    const isContended = this.#table.inFlight(slot) > this.#own;
    this.#pollAtMs = nowMs + (load.waiting > 0 && isContended ? CONTENDED_POLL_MS : POLL_MS);
  }
}
