/**
 * Which row leaves next. Rows queue per host; a row waits only for its own host's gate; hosts that may send take turns,
 * one row each. The global cap is looked at first, so nobody holds a host's slot while waiting for it.
 *
 *   add -> lane.queue -> turns (gate open now) -> start -> settle -> turns ...
 *                    \-> agenda (gate opens at a known time, a retry is due, the limit wants to think)
 */
import type { Clock } from '../../../clock.ts';
import type { Limit, Outcome, Transition } from '../../../paarc/limit.ts';
import { Agenda } from '../../../structures/heap.ts';
import { Gate, type Permit } from './gate.ts';
import { type BreakerOptions, HostBreaker, type Refusal } from './host-breaker.ts';
import { Lane } from './lane.ts';
import { Lanes } from './lanes.ts';
import type { LoadMeter } from './load-meter.ts';
import { PausePatience } from './pause-patience.ts';
import { Turns } from './turns.ts';

export interface SchedulerOptions<Work> {
  readonly clock: Clock;
  readonly load: LoadMeter;
  readonly maxInFlight: number;
  /** Others that count for the same number leave no room for another request. */
  readonly isFull?: (() => boolean) | undefined;
  readonly breaker: BreakerOptions;
  /** How long a host may ask for quiet, in all; without it, as long as it likes. */
  readonly maxPauseMs?: number | undefined;
  readonly createLimit: (host: string) => Limit;
  /** Send this row now. Must lead to exactly one `settle` with the same permit. */
  readonly start: (work: Work, lane: Lane<Work>, permit: Permit) => void;
  /** The host is down, or asks for more quiet than it gets: end the row without trying. */
  readonly refuse: (work: Work, code: Refusal) => void;
  /** Why this row is not tried, whatever its lane is. */
  readonly refusalOf?: ((work: Work) => Refusal | undefined) | undefined;
  /** Rows that nobody wants any more are dropped when their turn comes. */
  readonly isDropped: (work: Work) => boolean;
  /** Whether a connection is there that the row can use at once; without it connections cost nothing. */
  readonly isConnected?: ((work: Work) => boolean) | undefined;
  readonly onTransition: (host: string, transition: Transition) => void;
  /** A lane has no rows any more, waiting or in flight; it keeps what its limit has learned. */
  readonly onIdle: (lane: Lane<Work>) => void;
  /** A lane was idle for longest and is forgotten; the host's next row gets a new one. */
  readonly onEvict: (lane: Lane<Work>) => void;
  /** Nothing that is queued could start now although there is room. */
  readonly onHungry: () => void;
}

/** Until a permit is asked for again that another thread was quicker to take, and room that others have. */
const [CONTENDED_MS, FULL_MS] = [1, 4];

type Due<Work> = { readonly lane: Lane<Work>; readonly retry?: Work };

export class Scheduler<Work> {
  readonly #options: SchedulerOptions<Work>;
  readonly #lanes: Lanes<Work>;
  readonly #turns: Turns<Work>;
  readonly #agenda = new Agenda<Due<Work>>();
  #inFlight = 0;
  #queued = 0;
  #isHeld = false;
  #isPumping = false;
  #isCapped = false;
  #timer: { atMs: number; cancel: () => void } | undefined;
  #isClosed = false;

  constructor(options: SchedulerOptions<Work>) {
    this.#options = options;
    const { clock, isConnected } = options;
    this.#lanes = new Lanes((host) => this.#newLane(host), options);
    this.#turns = new Turns({ clock, isConnected, onRenewal: () => this.pump() });
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get queued(): number {
    return this.#queued;
  }

  /** Hosts that have a lane, with rows or without. */
  get hosts(): number {
    return this.#lanes.size;
  }

  lanes(): Iterable<Lane<Work>> {
    return this.#lanes.values();
  }

  find(host: string): Lane<Work> | undefined {
    return this.#lanes.find(host);
  }

  /** Queue a row behind its host's others. Call `pump` after the last of a batch. */
  add(host: string, work: Work): void {
    const lane = this.#lanes.take(host);
    this.#noteWaiting(lane);
    lane.queue.push(work);
    this.#queued += 1;
    this.#turns.add(lane);
  }

  /** Queue a row in front of its host's others, after `delayMs`. Until then it holds nothing. */
  again(host: string, work: Work, delayMs: number): void {
    this.#queued += 1;
    const lane = this.#lanes.take(host);
    if (delayMs <= 0) return this.#putInFront(lane, work);
    lane.delayed += 1;
    this.#agenda.add(this.#options.clock.nowMs() + delayMs, { lane, retry: work });
  }

  settle(lane: Lane<Work>, permit: Permit, outcome: Outcome): void {
    this.#inFlight -= 1;
    const nowMs = this.#options.clock.nowMs();
    lane.gate.settle(permit, outcome, nowMs);
    if (lane.gate.limit.nextTickMs <= nowMs) this.#tick(lane, nowMs);
    if (lane.isIdle) return this.#lanes.retire(lane);
    this.#wake(lane, lane.tickMs(nowMs));
    this.#turns.add(lane);
  }

  /** End the rows of a host that wait, and those that are to come. */
  skip(host: string, isSkipped: boolean): void {
    const lane = this.#lanes.find(host);
    if (lane === undefined) return;
    lane.isSkipped = isSkipped;
    this.#turns.add(lane);
    this.pump();
  }

  /** Stop starting rows while downstream is full; what is in flight goes on. */
  hold(isHeld: boolean): void {
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    this.#options.load.waiting(isHeld);
    this.pump();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#turns.close();
  }

  /** Start whatever may start now. */
  pump(): void {
    if (this.#isPumping || this.#isClosed) return;
    this.#isPumping = true;
    try {
      const nowMs = this.#options.clock.nowMs();
      this.#runDue(nowMs);
      while (!this.#isHeld && this.#hasRoom) {
        const lane = this.#turns.next();
        if (lane === undefined) break;
        this.#turn(lane, nowMs);
      }
      this.#noteCap();
    } finally {
      this.#isPumping = false;
    }
    this.#arm();
    // With nothing in flight no end of a request will lead here again.
    const mayTake = this.#inFlight === 0 || this.#hasRoom;
    if (!this.#isHeld && !this.#turns.hasAny && mayTake) this.#options.onHungry();
  }

  get #hasRoom(): boolean {
    return this.#inFlight < this.#options.maxInFlight && this.#options.isFull?.() !== true;
  }

  /** One host's turn: drop what is dead, send one row, wait for another turn or in the agenda. */
  #turn(lane: Lane<Work>, nowMs: number): void {
    for (;;) {
      const work = lane.queue.peek();
      if (work === undefined) {
        if (lane.isIdle) this.#lanes.retire(lane);
        return;
      }
      if (this.#options.isDropped(work)) {
        this.#dequeue(lane);
        continue;
      }
      const refusal = lane.refusal(nowMs) ?? this.#options.refusalOf?.(work);
      if (refusal !== undefined) {
        this.#options.refuse(this.#dequeue(lane), refusal);
        continue;
      }
      const readyAtMs = lane.gate.readyAtMs();
      if (readyAtMs > nowMs && !lane.gate.isShut) return this.#wake(lane, Math.min(readyAtMs, lane.tickMs(nowMs)));
      if (!lane.gate.isShut) {
        const leave = this.#turns.leave(lane, work, nowMs);
        // With nothing in flight there is nothing for a limit to think about meanwhile.
        if (leave === 'in-turn') return lane.gate.inFlight === 0 ? undefined : this.#wake(lane, lane.tickMs(nowMs));
        if (leave.atMs > nowMs) return this.#wake(lane, Math.min(leave.atMs, lane.tickMs(nowMs)));
        if (lane.breaker.admits(nowMs) && lane.refusals.admits(nowMs)) break;
      }
      this.#dequeue(lane);
      this.#options.refuse(work, lane.refusals.isShut ? 'host_banned' : 'host_down');
    }
    const connections = lane.isOpening ? lane.gate.limit.connections : undefined;
    if (connections?.open() === false) return this.#wake(lane, nowMs + FULL_MS);
    const permit = lane.gate.send(nowMs, lane.waitingSinceMs);
    if (permit === undefined) {
      connections?.closed();
      return this.#wake(lane, nowMs + CONTENDED_MS);
    }
    const work = this.#dequeue(lane);
    this.#inFlight += 1;
    this.#wake(lane, lane.tickMs(nowMs));
    this.#turns.sent(lane, nowMs);
    this.#options.start(work, lane, permit);
    this.#turns.add(lane);
  }

  #dequeue(lane: Lane<Work>): Work {
    this.#queued -= 1;
    return lane.queue.shift() as Work;
  }

  #runDue(nowMs: number): void {
    for (let due = this.#agenda.takeDue(nowMs); due !== undefined; due = this.#agenda.takeDue(nowMs)) {
      const { lane, retry } = due;
      if (retry !== undefined) {
        lane.delayed -= 1;
        this.#putInFront(lane, retry);
        continue;
      }
      if (lane.wakeAtMs > nowMs) continue;
      lane.wakeAtMs = Number.POSITIVE_INFINITY;
      if (lane.isIdle) continue;
      if (lane.gate.limit.nextTickMs <= nowMs) this.#tick(lane, nowMs);
      this.#turns.add(lane);
    }
  }

  #putInFront(lane: Lane<Work>, work: Work): void {
    this.#noteWaiting(lane);
    lane.queue.unshift(work);
    this.#turns.add(lane);
  }

  #noteWaiting(lane: Lane<Work>): void {
    if (lane.queue.size === 0) lane.waitingSinceMs = this.#options.clock.nowMs();
  }

  #tick(lane: Lane<Work>, nowMs: number): void {
    const load = { inFlight: lane.gate.inFlight, waiting: lane.queue.size, ...this.#options.load.read() };
    const transition = lane.gate.tick(nowMs, load);
    if (transition !== undefined) this.#options.onTransition(lane.host, transition);
    if (!lane.isIdle) this.#wake(lane, lane.tickMs(nowMs));
  }

  #newLane(host: string): Lane<Work> {
    const { createLimit, breaker, maxPauseMs = Number.POSITIVE_INFINITY } = this.#options;
    return new Lane(host, new Gate(createLimit(host)), new HostBreaker(breaker), new PausePatience(maxPauseMs));
  }

  #wake(lane: Lane<Work>, atMs: number): void {
    if (atMs >= lane.wakeAtMs) return;
    lane.wakeAtMs = atMs;
    this.#agenda.add(atMs, { lane });
  }

  #arm(): void {
    const { clock, maxInFlight } = this.#options;
    const isUpToOthers = this.#isCapped && !this.#isHeld && this.#inFlight < maxInFlight;
    const atMs = Math.min(this.#agenda.nextMs, isUpToOthers ? clock.nowMs() + FULL_MS : Number.POSITIVE_INFINITY);
    if (this.#timer !== undefined && this.#timer.atMs <= atMs) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (atMs === Number.POSITIVE_INFINITY) return;
    const cancel = clock.timer(atMs - clock.nowMs(), () => {
      this.#timer = undefined;
      this.pump();
    });
    this.#timer = { atMs, cancel };
  }

  /** The global cap holding back a host that could send is our limit, not the host's. */
  #noteCap(): void {
    const isCapped = this.#turns.hasAny && !this.#hasRoom;
    if (isCapped === this.#isCapped) return;
    this.#isCapped = isCapped;
    this.#options.load.waiting(isCapped);
  }
}
