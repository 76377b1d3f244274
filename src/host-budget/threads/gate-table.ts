/**
 * The gates of hosts in memory that all threads of a process share: how many requests may be in flight to a host, how
 * many are, and when the next may leave. A thread takes a permit in one step, so that no two of them take the last one.
 */

/** Integers of a slot: the lock, requests in flight, permits; then, by thread, rows that wait and requests in flight. */
const [LOCK, IN_FLIGHT, PERMITS, BY_THREAD] = [0, 1, 2, 3];
/** Times of a slot, ms of the shared clock: the next send, the end of a pause, the least time between sends. */
const [NEXT_SLOT, PAUSE_UNTIL, SPACING] = [0, 1, 2];
const TIMES = 3;
/** In place of a number of permits: nothing may be sent, and nobody will think again. */
const SHUT = -1;
/**
 * How far back slots count that a waiting row missed: Node's timers have a grain of 1 ms and slip under load. The same
 * as of a gate that one thread has for itself.
 */
const MAX_SLIP_MS = 20;

export interface GateState {
  readonly permits: number;
  readonly spacingMs: number;
  readonly pauseUntilMs: number;
  readonly isShut: boolean;
}

export interface GateTableSize {
  /** Hosts that may be in use at a time. */
  readonly slots: number;
  readonly threads: number;
  /** Requests in flight over all hosts and threads, at most. */
  readonly maxInFlight: number;
}

export class GateTable {
  readonly buffer: SharedArrayBuffer;
  readonly size: GateTableSize;
  readonly #ints: Int32Array;
  /** Requests in flight, whatever their host. */
  readonly #all: Int32Array;
  readonly #times: Float64Array;
  /** How busy each thread is: utilisation of its event loop, share of time in which it held itself back. */
  readonly #loads: Float64Array;
  readonly #stride: number;

  /** @param buffer - of a table that another thread made with the same size; a new one without it */
  constructor(size: GateTableSize, buffer?: SharedArrayBuffer) {
    const { slots, threads } = size;
    this.size = size;
    this.#stride = BY_THREAD + 2 * threads;
    const headBytes = 2 * Int32Array.BYTES_PER_ELEMENT;
    const loadBytes = 2 * threads * Float64Array.BYTES_PER_ELEMENT;
    const timeBytes = slots * TIMES * Float64Array.BYTES_PER_ELEMENT;
    const intBytes = slots * this.#stride * Int32Array.BYTES_PER_ELEMENT;
    this.buffer = buffer ?? new SharedArrayBuffer(headBytes + loadBytes + timeBytes + intBytes);
    this.#all = new Int32Array(this.buffer, 0, 1);
    this.#loads = new Float64Array(this.buffer, headBytes, 2 * threads);
    this.#times = new Float64Array(this.buffer, headBytes + loadBytes, slots * TIMES);
    this.#ints = new Int32Array(this.buffer, headBytes + loadBytes + timeBytes, slots * this.#stride);
  }

  /** A slot begins anew, with nothing in flight. Only while no thread uses it. */
  reset(slot: number, state: GateState): void {
    this.#ints.fill(0, slot * this.#stride, (slot + 1) * this.#stride);
    this.#times.fill(0, slot * TIMES, (slot + 1) * TIMES);
    this.write(slot, state);
  }

  /** What the controller says now. A pause that is set never gets shorter, since threads set some themselves. */
  write(slot: number, { permits, spacingMs, pauseUntilMs, isShut }: GateState): void {
    const at = slot * TIMES;
    this.#locked(slot, () => {
      const times = this.#times;
      // A rate that was just raised must not wait out a slot that the old rate had booked.
      const booked = (times[at + NEXT_SLOT] as number) - (times[at + SPACING] as number) + spacingMs;
      if (spacingMs < (times[at + SPACING] as number)) times[at + NEXT_SLOT] = booked;
      times[at + SPACING] = spacingMs;
      times[at + PAUSE_UNTIL] = Math.max(times[at + PAUSE_UNTIL] as number, pauseUntilMs);
      Atomics.store(this.#ints, slot * this.#stride + PERMITS, isShut ? SHUT : permits);
    });
  }

  /** No send before this time. */
  pause(slot: number, untilMs: number): void {
    const at = slot * TIMES + PAUSE_UNTIL;
    this.#locked(slot, () => {
      this.#times[at] = Math.max(this.#times[at] as number, untilMs);
    });
  }

  /**
   * Take a permit.
   * @param waitingSinceMs - since when rows have been waiting without a break; slots before that are lost
   * @returns whether a request may leave now
   */
  acquire(slot: number, thread: number, nowMs: number, waitingSinceMs: number): boolean {
    const base = slot * this.#stride;
    const at = slot * TIMES;
    const [ints, times] = [this.#ints, this.#times];
    if (Atomics.load(ints, base + IN_FLIGHT) >= Atomics.load(ints, base + PERMITS)) return false;
    if (Atomics.add(this.#all, 0, 1) >= this.size.maxInFlight) {
      Atomics.sub(this.#all, 0, 1);
      return false;
    }
    let isTaken = false;
    this.#locked(slot, () => {
      const readyMs = Math.max(times[at + NEXT_SLOT] as number, times[at + PAUSE_UNTIL] as number);
      if (readyMs > nowMs || (ints[base + IN_FLIGHT] as number) >= (ints[base + PERMITS] as number)) return;
      const slotMs = Math.min(nowMs, Math.max(readyMs, waitingSinceMs, nowMs - MAX_SLIP_MS));
      times[at + NEXT_SLOT] = slotMs + (times[at + SPACING] as number);
      Atomics.add(ints, base + IN_FLIGHT, 1);
      Atomics.add(ints, this.#ofThread(slot, thread) + 1, 1);
      isTaken = true;
    });
    if (!isTaken) Atomics.sub(this.#all, 0, 1);
    return isTaken;
  }

  release(slot: number, thread: number): void {
    Atomics.sub(this.#all, 0, 1);
    Atomics.sub(this.#ints, slot * this.#stride + IN_FLIGHT, 1);
    Atomics.sub(this.#ints, this.#ofThread(slot, thread) + 1, 1);
  }

  /** Everything that a thread holds of a host: it has ended, and cannot give it back itself. */
  releaseAll(slot: number, thread: number): void {
    const at = this.#ofThread(slot, thread);
    const held = Atomics.exchange(this.#ints, at + 1, 0);
    Atomics.sub(this.#all, 0, held);
    Atomics.sub(this.#ints, slot * this.#stride + IN_FLIGHT, held);
    Atomics.store(this.#ints, at, 0);
  }

  inFlight(slot: number): number {
    return Atomics.load(this.#ints, slot * this.#stride + IN_FLIGHT);
  }

  /** Negative for a gate that is shut for good. */
  permits(slot: number): number {
    return Atomics.load(this.#ints, slot * this.#stride + PERMITS);
  }

  /** Earliest time of the next send, as far as times go. A hint: `acquire` decides. */
  readyAtMs(slot: number): number {
    const at = slot * TIMES;
    return Math.max(this.#times[at + NEXT_SLOT] as number, this.#times[at + PAUSE_UNTIL] as number);
  }

  setWaiting(slot: number, thread: number, rows: number): void {
    Atomics.store(this.#ints, this.#ofThread(slot, thread), rows);
  }

  /** Rows that wait for the host, over all threads. */
  waiting(slot: number): number {
    let rows = 0;
    for (let thread = 0; thread < this.size.threads; thread++)
      rows += Atomics.load(this.#ints, this.#ofThread(slot, thread));
    return rows;
  }

  setLoad(thread: number, eventLoopUtilization: number, clientLimited: number): void {
    this.#loads[2 * thread] = eventLoopUtilization;
    this.#loads[2 * thread + 1] = clientLimited;
  }

  /** The mean of the threads that have requests to the host in flight; a host is not slow because one of us is. */
  loadOn(slot: number): { eventLoopUtilization: number; clientLimited: number } {
    const sums = { eventLoopUtilization: 0, clientLimited: 0 };
    let busy = 0;
    for (let thread = 0; thread < this.size.threads; thread++) {
      if (Atomics.load(this.#ints, this.#ofThread(slot, thread) + 1) === 0) continue;
      busy += 1;
      sums.eventLoopUtilization += this.#loads[2 * thread] as number;
      sums.clientLimited += this.#loads[2 * thread + 1] as number;
    }
    const share = 1 / Math.max(1, busy);
    return {
      eventLoopUtilization: sums.eventLoopUtilization * share,
      clientLimited: sums.clientLimited * share,
    };
  }

  #ofThread(slot: number, thread: number): number {
    return slot * this.#stride + BY_THREAD + 2 * thread;
  }

  /** A few dozen machine instructions long; whoever finds it taken tries again. */
  #locked(slot: number, work: () => void): void {
    const at = slot * this.#stride + LOCK;
    while (Atomics.compareExchange(this.#ints, at, 0, 1) !== 0);
    try {
      work();
    } finally {
      Atomics.store(this.#ints, at, 0);
    }
  }
}
