/** A host's limit as one thread sees it: permits are taken from the shared table, what happens is told to the desk. */
import type { Limit, Load, Outcome, SendToken } from '../../paarc/limit.ts';
import type { GateTable } from './gate-table.ts';
import { ThreadConnections } from './thread-connections.ts';

/** Where the controllers are. Times are of the shared clock. */
export interface LimitDeskLine {
  /** @returns a token for the result */
  sent(slot: number, atMs: number, inFlight: number): SendToken;
  ended(slot: number, token: SendToken, outcome: Outcome, atMs: number): void;
  /** Rows wait for a host of which nothing else has been told for a while. */
  waits(slot: number): void;
  /** The thread has too few connections to a host, and others may have some to spare. */
  asks(slot: number): void;
}

export interface ThreadLimitOptions {
  readonly table: GateTable;
  readonly thread: number;
  readonly line: LimitDeskLine;
  /** What the thread's own clock lacks to the shared one, ms. */
  readonly shiftMs: number;
  readonly nowMs: () => number;
}

/**
 * How often a thread looks for permits that others gave back, or that the controller gave, while rows wait: with others
 * on the host, with nobody on it, and with requests of its own, whose ends make it look in any case.
 */
const [CONTENDED_POLL_MS, IDLE_POLL_MS, POLL_MS] = [4, 50, 200];
/** How often it looks whether the desk has a slot for the host, at first and when it takes long. */
const [FIRST_LOOK_MS, LAST_LOOK_MS] = [2, 500];

export class ThreadLimit implements Limit {
  readonly spacingMs = 0;
  readonly connections: ThreadConnections;
  readonly #options: ThreadLimitOptions;
  /** Undefined until the desk has given the host a slot. */
  #slot: number | undefined;
  #own = 0;
  #waiting = 0;
  #pollAtMs = 0;
  #lookMs = FIRST_LOOK_MS;
  #onIdle: (() => void) | undefined;

  constructor(options: ThreadLimitOptions) {
    this.#options = options;
    const { table, thread, line, shiftMs, nowMs } = options;
    this.connections = new ThreadConnections({
      counts: table.connections,
      thread,
      nowMs: () => nowMs() + shiftMs,
      inFlight: () => this.#own,
      ask: (slot) => line.asks(slot),
    });
  }

  assign(slot: number): void {
    this.#slot = slot;
    this.connections.assign(slot);
    this.#pollAtMs = 0;
  }

  /** Call back when nothing is in flight any more: the slot is another host's from then on. */
  retire(onIdle: () => void): void {
    const leave = (): void => {
      this.connections.leave();
      onIdle();
    };
    if (this.#own === 0) leave();
    else this.#onIdle = leave;
  }

  get permits(): number {
    if (this.#slot === undefined) return 0;
    const { table, nowMs, shiftMs } = this.#options;
    const permits = table.permits(this.#slot, nowMs() + shiftMs);
    return permits < 0 ? 0 : this.#own + Math.max(0, permits - table.inFlight(this.#slot));
  }

  get pauseUntilMs(): number {
    if (this.#slot === undefined) return 0;
    const untilMs = this.#options.table.pauseUntilMs(this.#slot);
    return untilMs === 0 ? 0 : untilMs - this.#options.shiftMs;
  }

  get nextSlotMs(): number {
    return this.#slot === undefined ? 0 : this.#options.table.nextSlotMs(this.#slot) - this.#options.shiftMs;
  }

  get refusesAll(): boolean {
    return this.#slot !== undefined && this.#options.table.refusesAll(this.#slot);
  }

  get nextTickMs(): number {
    const isShut = this.#slot !== undefined && this.#own === 0 && this.#options.table.permits(this.#slot, 0) < 0;
    return isShut ? Number.POSITIVE_INFINITY : this.#pollAtMs;
  }

  acquire(nowMs: number, waitingSinceMs: number): boolean {
    if (this.#slot === undefined) return false;
    const { table, thread, shiftMs } = this.#options;
    return table.acquire(this.#slot, thread, nowMs + shiftMs, waitingSinceMs + shiftMs);
  }

  onSend(nowMs: number): SendToken {
    const { table, line, shiftMs } = this.#options;
    const slot = this.#slot as number;
    this.#own += 1;
    if (this.#waiting > 0) this.#wait(slot, this.#waiting - 1);
    return line.sent(slot, nowMs + shiftMs, table.inFlight(slot));
  }

  onResult(token: SendToken, outcome: Outcome, nowMs: number): void {
    const { table, thread, line, shiftMs } = this.#options;
    const slot = this.#slot as number;
    const atMs = nowMs + shiftMs;
    this.#own -= 1;
    const quietMs = quietOf(outcome);
    // At once, and not when the desk hears of it: others would send into the pause meanwhile.
    if (quietMs > 0) table.pause(slot, atMs + quietMs);
    table.release(slot, thread);
    line.ended(slot, token, outcome, atMs);
    if (this.#own === 0) this.#onIdle?.();
  }

  /** Rows that were refused or dropped are never sent, and would be told of as waiting for ever. */
  rest(): void {
    if (this.#slot !== undefined) this.#wait(this.#slot, 0);
  }

  /** Only tells how many rows wait; the controller thinks elsewhere. */
  tick(nowMs: number, load: Load): undefined {
    const { table, thread, line } = this.#options;
    table.setLoad(thread, load.eventLoopUtilization, load.clientLimited);
    const slot = this.#slot;
    if (slot === undefined) {
      this.#pollAtMs = nowMs + this.#lookMs;
      this.#lookMs = Math.min(LAST_LOOK_MS, 2 * this.#lookMs);
      return;
    }
    this.#wait(slot, load.waiting);
    const inFlight = table.inFlight(slot);
    if (load.waiting > 0 && inFlight === 0) line.waits(slot);
    const isContended = load.waiting > 0 && inFlight > this.#own;
    this.#pollAtMs = nowMs + (isContended ? CONTENDED_POLL_MS : this.#own === 0 ? IDLE_POLL_MS : POLL_MS);
  }

  #wait(slot: number, rows: number): void {
    if (rows === this.#waiting) return;
    this.#waiting = rows;
    this.#options.table.setWaiting(slot, this.#options.thread, rows);
  }
}

/** How long the host wants to be left alone after this; 0 if it has not said so. */
export function quietOf(outcome: Outcome): number {
  return outcome.kind === 'rate' || outcome.kind === 'overload' ? (outcome.retryAfterMs ?? 0) : 0;
}
