/**
 * Connections to hosts in memory that all threads of a process share: over all threads a host has no more of them than
 * requests may be in flight to it, since a host that counts connections counts those that rest too.
 *
 * Every count has one thread that writes it. A thread counts a connection in before it looks whether there was room, so
 * two that come at once may both turn back, but never both stay.
 */

/** By slot and thread: connections in use or to be used again, those being closed for another thread, one is wanted. */
const [OPEN, CLOSING, WANTS] = [0, 1, 2];
const WIDTH = 3;
/** Where there are more threads than connections, a thread keeps its own for so long before it is another's. Chosen. */
const TURN_MS = 1000;

/** What is known of a host's gate. */
export interface SlotGate {
  permits(slot: number, nowMs: number): number;
  /** Rows of one thread that wait for the host. */
  waitingOf(slot: number, thread: number): number;
}

export class ConnectionCounts {
  readonly #ints: Int32Array;
  readonly #threads: number;
  readonly #gate: SlotGate;

  /** @param ints - `integersOf` many of them */
  constructor(ints: Int32Array, threads: number, gate: SlotGate) {
    this.#ints = ints;
    this.#threads = threads;
    this.#gate = gate;
  }

  static integersOf({ slots, threads }: { readonly slots: number; readonly threads: number }): number {
    return slots * threads * WIDTH;
  }

  /** A slot begins anew. */
  reset(slot: number): void {
    this.#ints.fill(0, this.#at(slot, 0), this.#at(slot + 1, 0));
  }

  /** Open over all threads, those included that are being closed. */
  all(slot: number): number {
    let all = 0;
    for (let thread = 0; thread < this.#threads; thread++) {
      const at = this.#at(slot, thread);
      all += Atomics.load(this.#ints, at + OPEN) + Atomics.load(this.#ints, at + CLOSING);
    }
    return all;
  }

  /** Count one more in, if there may be one. When not, others are to give one up if this thread has too few. */
  open(slot: number, thread: number, nowMs: number): boolean {
    const [at, permits] = [this.#at(slot, thread), this.#gate.permits(slot, nowMs)];
    const { waiting, wanting } = this.#others(slot, thread);
    const isShort = Atomics.load(this.#ints, at + OPEN) < shareOf(permits, 1 + waiting);
    // What room there is was made for those that are short.
    if (this.all(slot) < permits && (isShort || wanting === 0)) {
      Atomics.add(this.#ints, at + OPEN, 1);
      if (this.all(slot) <= permits) {
        Atomics.store(this.#ints, at + WANTS, 0);
        return true;
      }
      Atomics.sub(this.#ints, at + OPEN, 1);
    }
    Atomics.store(this.#ints, at + WANTS, isShort ? 1 : 0);
    return false;
  }

  /** Whether others were told at the last `open` to give one up. */
  isWanting(slot: number, thread: number): boolean {
    return Atomics.load(this.#ints, this.#at(slot, thread) + WANTS) === 1;
  }

  closed(slot: number, thread: number): void {
    Atomics.sub(this.#ints, this.#at(slot, thread) + OPEN, 1);
  }

  /** One is being closed for another thread: it counts until it is. */
  yielding(slot: number, thread: number): void {
    Atomics.sub(this.#ints, this.#at(slot, thread) + OPEN, 1);
    Atomics.add(this.#ints, this.#at(slot, thread) + CLOSING, 1);
  }

  yielded(slot: number, thread: number): void {
    Atomics.sub(this.#ints, this.#at(slot, thread) + CLOSING, 1);
  }

  /** Whether a connection that this thread has to spare is due to another, which has too few of those there may be. */
  mustYield(slot: number, thread: number, nowMs: number, lastOpenedMs: number): boolean {
    const { waiting, wanting, closing } = this.#others(slot, thread);
    if (wanting <= closing + Atomics.load(this.#ints, this.#at(slot, thread) + CLOSING)) return false;
    const permits = this.#gate.permits(slot, nowMs);
    if (this.all(slot) < permits) return false;
    if (this.#gate.waitingOf(slot, thread) === 0) return true;
    const users = 1 + waiting;
    if (Atomics.load(this.#ints, this.#at(slot, thread) + OPEN) > shareOf(permits, users)) return true;
    return permits < users && nowMs - lastOpenedMs >= TURN_MS;
  }

  /** A thread has none any more: it has ended, or left the host. */
  releaseAll(slot: number, thread: number): void {
    for (const count of [OPEN, CLOSING, WANTS]) Atomics.store(this.#ints, this.#at(slot, thread) + count, 0);
  }

  /** Threads with rows waiting, those of them that want a connection, and connections being closed by any. */
  #others(slot: number, thread: number): { waiting: number; wanting: number; closing: number } {
    const others = { waiting: 0, wanting: 0, closing: 0 };
    for (let other = 0; other < this.#threads; other++) {
      if (other === thread) continue;
      const at = this.#at(slot, other);
      others.closing += Atomics.load(this.#ints, at + CLOSING);
      if (this.#gate.waitingOf(slot, other) === 0) continue;
      others.waiting += 1;
      others.wanting += Atomics.load(this.#ints, at + WANTS);
    }
    return others;
  }

  #at(slot: number, thread: number): number {
    return (slot * this.#threads + thread) * WIDTH;
  }
}

/** Connections that a thread may insist on. */
function shareOf(permits: number, users: number): number {
  return Math.max(1, Math.floor(permits / users));
}
