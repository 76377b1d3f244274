/** The controllers of a process's hosts: one for each host, whichever threads send to it. */
import type { Clock } from '../../clock.ts';
import type { HostRule } from '../../config/types.ts';
import type { HostLimits } from '../../host-limits.ts';
import { type Limit, type Outcome, RefusalWatch, type SendToken, type Transition } from '../../paarc/index.ts';
import { Agenda } from '../../structures/heap.ts';
import type { GateState, GateTable } from './gate-table.ts';
import { type LimitDeskLine, quietOf, ThreadLimit } from './thread-limit.ts';

export interface LimitDeskOptions {
  /** Makes and retires the controllers. */
  readonly limits: HostLimits;
  readonly table: GateTable;
  readonly clock: Clock;
  /** What this thread's clock lacks to the shared one, ms. */
  readonly shiftMs: number;
  readonly onTransition: (host: string, transition: Transition) => void;
}

/** A thread that wants to send to a host. */
export interface Joining {
  readonly thread: number;
  readonly host: string;
  readonly rule: HostRule;
  /** Ends the thread's requests to the host. */
  readonly revoke: () => void;
  /** Asks the thread for a connection that it has to spare. */
  readonly asked: () => void;
  /** Told the host's slot, at once or when there is a free one. */
  readonly assign: (slot: number) => void;
}

interface DeskHost {
  readonly host: string;
  readonly slot: number;
  readonly limit: Limit;
  readonly watch: RefusalWatch;
  /** The threads that use it. */
  readonly users: Map<number, Joining>;
  /** Requests whose end has not been told, by thread. */
  readonly out: Map<number, SendToken[]>;
  /** What the controller was told last was at this time: what other threads tell comes late, and in batches. */
  toldMs: number;
  /** When the agenda will look at it next. */
  wakeAtMs: number;
}

/** The thread that the desk is in. */
const HERE = 0;

export class LimitDesk implements LimitDeskLine {
  /** Limits for the stages of this thread. */
  readonly here: HostLimits;
  readonly #options: LimitDeskOptions;
  readonly #hosts = new Map<string, DeskHost>();
  readonly #bySlot: (DeskHost | undefined)[] = [];
  readonly #free: number[] = [];
  /** Hosts that wait for a slot, with the threads that want them; first come, first served. */
  readonly #line = new Map<string, Joining[]>();
  readonly #agenda = new Agenda<DeskHost>();
  #timer: { readonly atMs: number; readonly cancel: () => void } | undefined;
  #isClosed = false;

  constructor(options: LimitDeskOptions) {
    this.#options = options;
    const { table, shiftMs, clock } = options;
    const nowMs = (): number => clock.nowMs();
    this.here = {
      create: (host, rule, revoke) => {
        const limit = new ThreadLimit({ table, thread: HERE, line: this, shiftMs, nowMs });
        const asked = (): void => limit.connections.asked();
        this.join({ thread: HERE, host, rule, revoke, asked, assign: (slot) => limit.assign(slot) });
        return limit;
      },
      retire: (host, limit) => (limit as ThreadLimit).retire(() => this.leave(HERE, host)),
      isFull: () => table.isFull(HERE),
    };
  }

  /** A thread begins to send to a host. */
  join(joining: Joining): void {
    const { host, thread } = joining;
    let known = this.#hosts.get(host);
    if (known === undefined) {
      const slot = this.#free.pop() ?? this.#bySlot.length;
      if (slot >= this.#options.table.size.slots) return this.#wait(joining);
      known = this.#open(joining, slot);
    }
    known.users.set(thread, joining);
    joining.assign(known.slot);
  }

  /** A thread will not send to a host any more: nothing of it is in flight there. */
  leave(thread: number, host: string): void {
    this.#waitNoMore(thread, host);
    const known = this.#hosts.get(host);
    if (known?.users.delete(thread) !== true || known.users.size > 0) return;
    this.#hosts.delete(host);
    this.#bySlot[known.slot] = undefined;
    this.#free.push(known.slot);
    known.wakeAtMs = Number.POSITIVE_INFINITY;
    this.#options.limits.retire(host, known.limit);
    this.#serveLine();
  }

  /** A thread has ended without a word: what it held is given back, as requests that taught nothing. */
  lose(thread: number): void {
    this.#options.table.forgetThread(thread);
    for (const host of [...this.#line.keys()]) this.#waitNoMore(thread, host);
    for (const known of [...this.#hosts.values()]) {
      this.#options.table.releaseAll(known.slot, thread);
      const atMs = this.#told(known, this.#options.clock.nowMs());
      for (const token of known.out.get(thread) ?? []) known.limit.onResult(token, { kind: 'neutral' }, atMs);
      known.out.delete(thread);
      this.#write(known);
      this.leave(thread, known.host);
    }
  }

  sent(slot: number, atMs: number, inFlight: number, thread: number = HERE): SendToken {
    const known = this.#bySlot[slot];
    if (known === undefined) return 0;
    const token = known.limit.onSend(this.#told(known, atMs - this.#options.shiftMs), inFlight);
    if (thread !== HERE) {
      const out = known.out.get(thread);
      if (out === undefined) known.out.set(thread, [token]);
      else out.push(token);
    }
    this.#write(known);
    return token;
  }

  ended(slot: number, token: SendToken, outcome: Outcome, atMs: number, thread: number = HERE): void {
    const known = this.#bySlot[slot];
    if (known === undefined) return;
    // Not all controllers give each request a token of its own.
    const out = thread === HERE ? undefined : known.out.get(thread);
    const at = out?.indexOf(token) ?? -1;
    if (at >= 0) out?.splice(at, 1);
    known.limit.onResult(token, known.watch.read(outcome, 0), this.#told(known, atMs - this.#options.shiftMs));
    this.#write(known);
    const quietMs = quietOf(outcome);
    if (quietMs > 0) this.#options.table.takeOverPause(slot, atMs + quietMs);
  }

  waits(slot: number): void {
    const known = this.#bySlot[slot];
    if (known !== undefined) this.#write(known);
  }

  asks(slot: number, thread: number = HERE): void {
    for (const user of this.#bySlot[slot]?.users.values() ?? []) if (user.thread !== thread) user.asked();
  }

  /** A host as it is now for all threads together; undefined for one that nobody sends to. */
  look(host: string) {
    const known = this.#hosts.get(host);
    if (known === undefined) return undefined;
    const { permits: limit, pauseUntilMs, spacingMs } = known.limit;
    const nowMs = this.#options.clock.nowMs();
    return {
      inFlight: this.#options.table.inFlight(known.slot),
      limit,
      isPaused: pauseUntilMs > nowMs || limit < 1,
      pausedMs: pauseUntilMs > nowMs ? pauseUntilMs - nowMs : undefined,
      allowedPerSecond: spacingMs > 0 ? 1000 / spacingMs : undefined,
    };
  }

  /** All that threads have rows for, or send to. */
  hosts() {
    return [...this.#hosts.values()].flatMap(({ host, slot }) => {
      const look = this.look(host);
      const waiting = this.#options.table.waiting(slot);
      return look === undefined || waiting + look.inFlight === 0 ? [] : [{ host, waiting, ...look }];
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    for (const { host, limit } of this.#hosts.values()) this.#options.limits.retire(host, limit);
    this.#hosts.clear();
    this.#line.clear();
    this.#bySlot.length = 0;
  }

  #open({ host, rule }: Joining, slot: number): DeskHost {
    const { limits, table, clock } = this.#options;
    const users = new Map<number, Joining>();
    const changed = (): void => {
      if (known !== undefined && this.#bySlot[slot] === known) this.#write(known);
    };
    const revoke = (): void => {
      // Nobody may take a permit again before it is known that there are none.
      changed();
      for (const user of users.values()) user.revoke();
    };
    let known: DeskHost | undefined;
    const limit = limits.create(host, rule, revoke, changed);
    const times = { toldMs: clock.nowMs(), wakeAtMs: Number.POSITIVE_INFINITY };
    known = { host, slot, limit, watch: new RefusalWatch(), users, out: new Map(), ...times };
    this.#hosts.set(host, known);
    this.#bySlot[slot] = known;
    table.reset(slot, this.#stateOf(known));
    this.#arm(known);
    return known;
  }

  #wait(joining: Joining): void {
    const others = this.#line.get(joining.host);
    this.#line.set(joining.host, [...(others ?? []), joining]);
  }

  #waitNoMore(thread: number, host: string): void {
    const left = this.#line.get(host)?.filter((joining) => joining.thread !== thread);
    if (left === undefined) return;
    if (left.length > 0) this.#line.set(host, left);
    else this.#line.delete(host);
  }

  /** A slot is free. */
  #serveLine(): void {
    const [next] = this.#line;
    if (next === undefined) return;
    const [host, joinings] = next;
    this.#line.delete(host);
    for (const joining of joinings) this.join(joining);
  }

  /** For a controller time goes on, whatever is told late. */
  #told(known: DeskHost, atMs: number): number {
    known.toldMs = Math.max(known.toldMs, atMs);
    return known.toldMs;
  }

  /** What the controller decided is in force for all threads from here on. */
  #write(known: DeskHost): void {
    this.#options.table.write(known.slot, this.#stateOf(known));
    this.#arm(known);
  }

  #stateOf({ limit, watch }: DeskHost): GateState {
    const { permits, spacingMs, pauseUntilMs, goodUntilMs = Number.POSITIVE_INFINITY } = limit;
    const { shiftMs } = this.#options;
    return {
      permits,
      spacingMs,
      pauseUntilMs: pauseUntilMs === 0 ? 0 : pauseUntilMs + shiftMs,
      goodUntilMs: goodUntilMs + shiftMs,
      isShut: permits < 1 && limit.nextTickMs === Number.POSITIVE_INFINITY,
      refusesAll: watch.isShut || limit.refusesAll === true,
    };
  }

  #arm(known: DeskHost): void {
    const atMs = Math.max(known.limit.nextTickMs, this.#options.clock.nowMs() + 1);
    if (atMs >= known.wakeAtMs) return;
    known.wakeAtMs = atMs;
    this.#agenda.add(atMs, known);
    this.#setTimer();
  }

  #setTimer(): void {
    const { clock } = this.#options;
    const atMs = this.#agenda.nextMs;
    if (this.#isClosed || atMs === Number.POSITIVE_INFINITY) return;
    if (this.#timer !== undefined && this.#timer.atMs <= atMs) return;
    this.#timer?.cancel();
    const cancel = clock.timer(atMs - clock.nowMs(), () => {
      this.#timer = undefined;
      this.#think();
    });
    this.#timer = { atMs, cancel };
  }

  #think(): void {
    const nowMs = this.#options.clock.nowMs();
    for (let due = this.#agenda.takeDue(nowMs); due !== undefined; due = this.#agenda.takeDue(nowMs)) {
      if (due.wakeAtMs > nowMs) continue;
      due.wakeAtMs = Number.POSITIVE_INFINITY;
      this.#tick(due, nowMs);
    }
    this.#setTimer();
  }

  #tick(known: DeskHost, nowMs: number): void {
    const { table, onTransition } = this.#options;
    const { slot, limit, host } = known;
    const [inFlight, waiting] = [table.inFlight(slot), table.waiting(slot)];
    if (limit.nextTickMs <= nowMs) {
      const transition = limit.tick(this.#told(known, nowMs), { inFlight, waiting, ...table.loadOn(slot) });
      if (transition !== undefined) onTransition(host, transition);
    }
    table.write(slot, this.#stateOf(known));
    // Nobody there: whoever comes next is told of.
    if (inFlight > 0 || waiting > 0) this.#arm(known);
  }
}
