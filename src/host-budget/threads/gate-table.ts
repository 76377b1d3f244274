/**
 * The gates of hosts in memory that all threads of a process share: how many requests may be in flight to a host, how
 * many are, and when the next may leave. A thread takes a permit without a lock, so that no two of them take the last
 * one, and a thread that is ended from outside, wherever it is, leaves nothing shut.
 *
 * Every count has one thread that writes it, and sums are made by who needs them: when a thread has gone its counts are
 * set to 0, and that is all. A thread counts itself in before it looks whether there was room, so two that come at once
 * may both turn back, but never both stay.
 */

import { ConnectionCounts } from './connection-counts.ts';

/** Integers of the whole table: threads at work; then by thread, its requests in flight. */
const [AT_WORK, ALL_OF_THREAD] = [0, 1];
/** Integers of a slot: permits; then, by thread, rows that wait and requests in flight. */
const [PERMITS, OF_THREAD] = [0, 1];
/**
 * What the controller's thread writes of a slot, ms: least time between sends, end of a pause and of permits; then 1
 * for a host that refuses everything.
 */
const [SPACING, PAUSE, GOOD_UNTIL, REFUSES] = [0, 1, 2, 3];
const TIMES = 4;
/** Moments of a slot that any thread writes, in microseconds: the last send, and the end of a pause just heard of. */
const [LAST_SEND, PAUSE_HEARD] = [0, 1];
const MOMENTS = 2;
const NEVER = -(2n ** 60n);
/** In place of a number of permits: nothing may be sent, and nobody will think again. */
const SHUT = -1;
/**
 * How far back slots count that a waiting row missed: Node's timers have a grain of 1 ms and slip under load. The same
 * as of a gate that one thread has for itself.
 */
const MAX_SLIP_MS = 20;
/**
 * This part of what there is goes only to threads that have less than their share: whoever gives a permit back is the
 * first to find it free, and would keep all there are for ever. Chosen.
 */
const RESERVE = 1 / 8;

export interface GateState {
  readonly permits: number;
  readonly spacingMs: number;
  readonly pauseUntilMs: number;
  /** Until when `permits` may be used. */
  readonly goodUntilMs: number;
  readonly isShut: boolean;
  /** The host refuses everything, as the replies to all threads show. */
  readonly refusesAll: boolean;
}

export interface GateTableSize {
  /** Hosts that may be in use at a time. */
  readonly slots: number;
  readonly threads: number;
  /** Requests in flight over all hosts and threads, at most. */
  readonly maxInFlight: number;
}

/** Times are of the shared clock. */
export class GateTable {
  readonly buffer: SharedArrayBuffer;
  readonly size: GateTableSize;
  readonly connections: ConnectionCounts;
  readonly #moments: BigInt64Array;
  readonly #times: Float64Array;
  /** How busy each thread is: utilisation of its event loop, share of time in which it held itself back. */
  readonly #loads: Float64Array;
  readonly #whole: Int32Array;
  readonly #ints: Int32Array;
  readonly #stride: number;

  /** @param buffer - of a table that another thread made with the same size; a new one without it */
  constructor(size: GateTableSize, buffer?: SharedArrayBuffer) {
    const { slots, threads } = size;
    this.size = size;
    this.#stride = OF_THREAD + 2 * threads;
    const wide = slots * (MOMENTS + TIMES) + 2 * threads;
    const narrow = ALL_OF_THREAD + threads + slots * this.#stride;
    const connections = ConnectionCounts.integersOf(size);
    this.buffer = buffer ?? new SharedArrayBuffer(8 * wide + 4 * (narrow + connections));
    this.#moments = new BigInt64Array(this.buffer, 0, slots * MOMENTS);
    this.#times = new Float64Array(this.buffer, 8 * slots * MOMENTS, slots * TIMES);
    this.#loads = new Float64Array(this.buffer, 8 * slots * (MOMENTS + TIMES), 2 * threads);
    this.#whole = new Int32Array(this.buffer, 8 * wide, ALL_OF_THREAD + threads);
    this.#ints = new Int32Array(this.buffer, 8 * wide + 4 * (ALL_OF_THREAD + threads), slots * this.#stride);
    const counts = new Int32Array(this.buffer, 8 * wide + 4 * narrow, connections);
    this.connections = new ConnectionCounts(counts, threads, this);
  }

  /** Threads that share what there is, from now on. */
  setThreadsAtWork(threads: number): void {
    Atomics.store(this.#whole, AT_WORK, threads);
  }

  /** A slot begins anew, with nothing in flight. Only while no thread uses it. */
  reset(slot: number, state: GateState): void {
    this.#ints.fill(0, slot * this.#stride, (slot + 1) * this.#stride);
    this.connections.reset(slot);
    Atomics.store(this.#moments, slot * MOMENTS + LAST_SEND, NEVER);
    Atomics.store(this.#moments, slot * MOMENTS + PAUSE_HEARD, NEVER);
    this.write(slot, state);
  }

  /** What the controller says now. */
  write(slot: number, { permits, spacingMs, pauseUntilMs, goodUntilMs, isShut, refusesAll }: GateState): void {
    const at = slot * TIMES;
    this.#times[at + REFUSES] = refusesAll ? 1 : 0;
    this.#times[at + SPACING] = spacingMs;
    this.#times[at + PAUSE] = pauseUntilMs;
    this.#times[at + GOOD_UNTIL] = goodUntilMs;
    // Last, and read first: who sees these permits sees the times that go with them.
    Atomics.store(this.#ints, slot * this.#stride + PERMITS, isShut ? SHUT : permits);
  }

  refusesAll(slot: number): boolean {
    return this.#times[slot * TIMES + REFUSES] === 1;
  }

  /** A thread was told to be quiet: no send before this time, whatever the controller has heard of it yet. */
  pause(slot: number, untilMs: number): void {
    const [at, until] = [slot * MOMENTS + PAUSE_HEARD, microseconds(untilMs)];
    let heard = Atomics.load(this.#moments, at);
    while (heard < until) {
      const found = Atomics.compareExchange(this.#moments, at, heard, until);
      if (found === heard) return;
      heard = found;
    }
  }

  /** The controller has heard of a pause, and says itself how long it is. */
  takeOverPause(slot: number, untilMs: number): void {
    const at = slot * MOMENTS + PAUSE_HEARD;
    const heard = Atomics.load(this.#moments, at);
    if (heard <= microseconds(untilMs)) Atomics.compareExchange(this.#moments, at, heard, NEVER);
  }

  /**
   * Take a permit.
   * @param waitingSinceMs - since when rows have been waiting without a break; slots before that are lost
   * @returns whether a request may leave now
   */
  acquire(slot: number, thread: number, nowMs: number, waitingSinceMs: number): boolean {
    const permits = this.permits(slot, nowMs);
    if (this.#mustYield(slot, thread, permits) || this.isFull(thread)) return false;
    const pauseMs = this.pauseUntilMs(slot);
    const at = slot * MOMENTS + LAST_SEND;
    const last = Atomics.load(this.#moments, at);
    const slotMs = milliseconds(last) + (this.#times[slot * TIMES + SPACING] as number);
    if (pauseMs > nowMs || slotMs > nowMs) return false;
    this.#count(slot, thread, 1);
    if (this.inFlight(slot) <= permits && this.inFlightAll <= this.size.maxInFlight) {
      const sent = microseconds(Math.min(nowMs, Math.max(slotMs, pauseMs, waitingSinceMs, nowMs - MAX_SLIP_MS)));
      if (Atomics.compareExchange(this.#moments, at, last, sent) === last) return true;
    }
    this.#count(slot, thread, -1);
    return false;
  }

  release(slot: number, thread: number): void {
    this.#count(slot, thread, -1);
  }

  /** What a thread holds of a host is free again: it has ended, and cannot give it back itself. */
  releaseAll(slot: number, thread: number): void {
    const at = this.#ofThread(slot, thread);
    Atomics.store(this.#ints, at, 0);
    Atomics.store(this.#ints, at + 1, 0);
    this.connections.releaseAll(slot, thread);
  }

  /** A thread has ended, and holds nothing of any host. */
  forgetThread(thread: number): void {
    Atomics.store(this.#whole, ALL_OF_THREAD + thread, 0);
  }

  inFlight(slot: number): number {
    return this.#sum(this.#ints, this.#ofThread(slot, 0) + 1, 2);
  }

  /** Whatever their hosts. */
  get inFlightAll(): number {
    return this.#sum(this.#whole, ALL_OF_THREAD, 1);
  }

  /** Those that may be used at this time. Negative for a gate that is shut for good. */
  permits(slot: number, nowMs: number): number {
    const permits = Atomics.load(this.#ints, slot * this.#stride + PERMITS);
    return permits > 0 && nowMs >= (this.#times[slot * TIMES + GOOD_UNTIL] as number) ? 0 : permits;
  }

  /** Earliest time of the next send by the sends before it. A hint: `acquire` decides. */
  nextSlotMs(slot: number): number {
    const last = Atomics.load(this.#moments, slot * MOMENTS + LAST_SEND);
    return milliseconds(last) + (this.#times[slot * TIMES + SPACING] as number);
  }

  /** 0 when not paused. */
  pauseUntilMs(slot: number): number {
    const heard = Atomics.load(this.#moments, slot * MOMENTS + PAUSE_HEARD);
    const pauseMs = this.#times[slot * TIMES + PAUSE] as number;
    return heard === NEVER ? pauseMs : Math.max(pauseMs, milliseconds(heard));
  }

  /** There is no room for another request of this thread, whatever its host. */
  isFull(thread: number): boolean {
    const { maxInFlight } = this.size;
    const all = this.inFlightAll;
    if (all < maxInFlight * (1 - RESERVE)) return false;
    const share = Math.ceil(maxInFlight / Math.max(1, Atomics.load(this.#whole, AT_WORK)));
    return all >= maxInFlight || Atomics.load(this.#whole, ALL_OF_THREAD + thread) >= share;
  }

  setWaiting(slot: number, thread: number, rows: number): void {
    Atomics.store(this.#ints, this.#ofThread(slot, thread), rows);
  }

  /** Rows of one thread that wait for the host. */
  waitingOf(slot: number, thread: number): number {
    return Atomics.load(this.#ints, this.#ofThread(slot, thread));
  }

  /** Rows that wait for the host, over all threads. */
  waiting(slot: number): number {
    return this.#sum(this.#ints, this.#ofThread(slot, 0), 2);
  }

  setLoad(thread: number, eventLoopUtilization: number, clientLimited: number): void {
    this.#loads[2 * thread] = eventLoopUtilization;
    this.#loads[2 * thread + 1] = clientLimited;
  }

  /** How busy those are whose requests to the host are in flight: each thread counts as often as it has requests. */
  loadOn(slot: number): { eventLoopUtilization: number; clientLimited: number } {
    const sums = { eventLoopUtilization: 0, clientLimited: 0 };
    let requests = 0;
    for (let thread = 0; thread < this.size.threads; thread++) {
      const own = Atomics.load(this.#ints, this.#ofThread(slot, thread) + 1);
      requests += own;
      sums.eventLoopUtilization += own * (this.#loads[2 * thread] as number);
      sums.clientLimited += own * (this.#loads[2 * thread + 1] as number);
    }
    const share = 1 / Math.max(1, requests);
    return { eventLoopUtilization: sums.eventLoopUtilization * share, clientLimited: sums.clientLimited * share };
  }

  /** No permit is left, or those that are left are for threads with rows waiting that have less than their share. */
  #mustYield(slot: number, thread: number, permits: number): boolean {
    const inFlight = this.inFlight(slot);
    if (inFlight >= permits) return true;
    if (inFlight < permits - Math.floor(permits * RESERVE)) return false;
    let wanting = 1;
    for (let other = 0; other < this.size.threads; other++)
      if (other !== thread && Atomics.load(this.#ints, this.#ofThread(slot, other)) > 0) wanting += 1;
    return Atomics.load(this.#ints, this.#ofThread(slot, thread) + 1) >= Math.ceil(permits / wanting);
  }

  #count(slot: number, thread: number, requests: number): void {
    Atomics.add(this.#ints, this.#ofThread(slot, thread) + 1, requests);
    Atomics.add(this.#whole, ALL_OF_THREAD + thread, requests);
  }

  #ofThread(slot: number, thread: number): number {
    return slot * this.#stride + OF_THREAD + 2 * thread;
  }

  /** Over all threads. */
  #sum(counts: Int32Array, from: number, step: number): number {
    let sum = 0;
    for (let thread = 0; thread < this.size.threads; thread++) sum += Atomics.load(counts, from + step * thread);
    return sum;
  }
}

function microseconds(ms: number): bigint {
  return BigInt(Math.round(1000 * ms));
}

function milliseconds(moment: bigint): number {
  return Number(moment) / 1000;
}
