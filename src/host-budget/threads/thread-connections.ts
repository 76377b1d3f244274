/** The connections of one thread to one host, among those of the other threads. */
import type { Connections } from '../../paarc/limit.ts';
import type { ConnectionCounts } from './connection-counts.ts';

/** How often others are asked for a connection that they have to spare, at first and when it takes long. */
const [FIRST_ASK_MS, LAST_ASK_MS] = [20, 500];

export interface ThreadConnectionsOptions {
  readonly counts: ConnectionCounts;
  readonly thread: number;
  /** Of the shared clock. */
  readonly nowMs: () => number;
  /** The thread's requests in flight to the host. */
  readonly inFlight: () => number;
  /** Ask the others, of which some may rest and look at nothing. */
  readonly ask: (slot: number) => void;
}

export class ThreadConnections implements Connections {
  readonly #options: ThreadConnectionsOptions;
  /** Undefined before the host has a slot, and after the thread has left it. */
  #slot: number | undefined;
  #open = 0;
  #lastOpenedMs = 0;
  #askAtMs = 0;
  #askMs = FIRST_ASK_MS;
  /** One that is free is of no use to ourselves: it is for the host's other scheme. */
  #isInOwnWay = false;
  #onAsked: (() => void) | undefined;

  constructor(options: ThreadConnectionsOptions) {
    this.#options = options;
  }

  assign(slot: number): void {
    this.#slot = slot;
  }

  /** What is left of ours closes by itself, and counts no more. */
  leave(): void {
    if (this.#slot !== undefined) this.#options.counts.releaseAll(this.#slot, this.#options.thread);
    this.#slot = undefined;
  }

  onAsked(callback: () => void): void {
    this.#onAsked = callback;
  }

  /** Another thread has too few. */
  asked(): void {
    this.#onAsked?.();
  }

  open(): boolean {
    const slot = this.#slot;
    if (slot === undefined) return false;
    const { counts, thread, nowMs, inFlight, ask } = this.#options;
    const atMs = nowMs();
    if (counts.open(slot, thread, atMs)) {
      this.#open += 1;
      this.#lastOpenedMs = atMs;
      this.#askMs = FIRST_ASK_MS;
      return true;
    }
    if (this.#open > inFlight()) {
      this.#isInOwnWay = true;
      this.#onAsked?.();
      this.#isInOwnWay = false;
    }
    if (atMs >= this.#askAtMs && counts.isWanting(slot, thread)) {
      this.#askAtMs = atMs + this.#askMs;
      this.#askMs = Math.min(LAST_ASK_MS, 2 * this.#askMs);
      ask(slot);
    }
    return false;
  }

  closed(): void {
    this.#open -= 1;
    if (this.#slot !== undefined) this.#options.counts.closed(this.#slot, this.#options.thread);
  }

  mustYield(): boolean {
    if (this.#slot === undefined) return false;
    const { counts, thread, nowMs } = this.#options;
    return this.#isInOwnWay || counts.mustYield(this.#slot, thread, nowMs(), this.#lastOpenedMs);
  }

  yielding(): void {
    this.#open -= 1;
    this.#isInOwnWay = false;
    if (this.#slot !== undefined) this.#options.counts.yielding(this.#slot, this.#options.thread);
  }

  yielded(): void {
    if (this.#slot !== undefined) this.#options.counts.yielded(this.#slot, this.#options.thread);
  }
}
