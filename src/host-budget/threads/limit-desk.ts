/** The controllers of a process's hosts: one for each host, whichever threads send to it. */
import type { Clock } from '../../clock.ts';
import type { HostRule } from '../../config/types.ts';
import type { HostLimits } from '../../host-limits.ts';
import type { Limit, Outcome, SendToken, Transition } from '../../paarc/limit.ts';
import { Agenda } from '../../structures/heap.ts';
import type { GateTable } from './gate-table.ts';
import { type LimitDeskLine, ThreadLimit } from './thread-limit.ts';

export interface LimitDeskOptions {
  /** Makes and retires the controllers. */
  readonly limits: HostLimits;
  readonly table: GateTable;
  readonly clock: Clock;
  /** What this thread's clock lacks to the shared one, ms. */
  readonly shiftMs: number;
  readonly onTransition: (host: string, transition: Transition) => void;
}

interface DeskHost {
  readonly host: string;
  readonly slot: number;
  readonly limit: Limit;
  /** What ends a thread's requests to the host, by thread: those that use it. */
  readonly revokes: Map<number, () => void>;
  /** Requests whose end has not been told, by thread. */
  readonly out: Map<number, Set<SendToken>>;
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
  readonly #agenda = new Agenda<DeskHost>();
  #timer: { readonly atMs: number; readonly cancel: () => void } | undefined;
  #isClosed = false;

  constructor(options: LimitDeskOptions) {
    this.#options = options;
    const { table, shiftMs } = options;
    this.here = {
      create: (host, rule, revoke) => new ThreadLimit(table, HERE, this, shiftMs, this.join(HERE, host, rule, revoke)),
      retire: (host) => this.leave(HERE, host),
    };
  }

  /** A thread begins to send to a host. @returns the host's slot */
  join(thread: number, host: string, rule: HostRule, revoke: () => void): number {
    let known = this.#hosts.get(host);
    if (known === undefined) {
      const slot = this.#free.pop() ?? this.#bySlot.length;
      const { limits, table } = this.#options;
      if (slot >= table.size.slots)
        throw new RangeError(`expected at most ${table.size.slots} hosts at a time, got another one`);
      const revokes = new Map<number, () => void>();
      const limit = limits.create(host, rule, () => {
        for (const end of revokes.values()) end();
      });
      known = { host, slot, limit, revokes, out: new Map(), wakeAtMs: Number.POSITIVE_INFINITY };
      this.#hosts.set(host, known);
      this.#bySlot[slot] = known;
      table.reset(slot, this.#stateOf(known));
      this.#arm(known);
    }
    known.revokes.set(thread, revoke);
    return known.slot;
  }

  /** A thread will not send to a host any more. */
  leave(thread: number, host: string): void {
    const known = this.#hosts.get(host);
    if (known?.revokes.delete(thread) !== true || known.revokes.size > 0) return;
    this.#hosts.delete(host);
    this.#bySlot[known.slot] = undefined;
    this.#free.push(known.slot);
    known.wakeAtMs = Number.POSITIVE_INFINITY;
    this.#options.limits.retire(host, known.limit);
  }

  /** A thread has ended without a word: what it held is given back, as requests that taught nothing. */
  lose(thread: number): void {
    const nowMs = this.#options.clock.nowMs();
    for (const known of [...this.#hosts.values()]) {
      this.#options.table.releaseAll(known.slot, thread);
      for (const token of known.out.get(thread) ?? []) known.limit.onResult(token, { kind: 'neutral' }, nowMs);
      known.out.delete(thread);
      this.#written(known);
      this.leave(thread, known.host);
    }
  }

  sent(slot: number, atMs: number, thread: number = HERE): SendToken {
    const known = this.#bySlot[slot];
    if (known === undefined) return 0;
    const token = known.limit.onSend(atMs - this.#options.shiftMs, this.#options.table.inFlight(slot));
    if (thread !== HERE) {
      const out = known.out.get(thread) ?? new Set();
      out.add(token);
      known.out.set(thread, out);
    }
    this.#written(known);
    return token;
  }

  ended(slot: number, token: SendToken, outcome: Outcome, atMs: number, thread: number = HERE): void {
    const known = this.#bySlot[slot];
    if (known === undefined) return;
    if (thread !== HERE) known.out.get(thread)?.delete(token);
    known.limit.onResult(token, outcome, atMs - this.#options.shiftMs);
    this.#written(known);
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    for (const { host, limit } of this.#hosts.values()) this.#options.limits.retire(host, limit);
    this.#hosts.clear();
    this.#bySlot.length = 0;
  }

  /** What the controller decided is in force for all threads from here on. */
  #written(known: DeskHost): void {
    this.#options.table.write(known.slot, this.#stateOf(known));
    this.#arm(known);
  }

  #stateOf({ limit }: DeskHost) {
    const { permits, spacingMs, pauseUntilMs } = limit;
    const { shiftMs } = this.#options;
    const isShut = permits < 1 && limit.nextTickMs === Number.POSITIVE_INFINITY;
    return { permits, spacingMs, pauseUntilMs: pauseUntilMs === 0 ? 0 : pauseUntilMs + shiftMs, isShut };
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
    const { clock, table, onTransition } = this.#options;
    const nowMs = clock.nowMs();
    for (let due = this.#agenda.takeDue(nowMs); due !== undefined; due = this.#agenda.takeDue(nowMs)) {
      if (due.wakeAtMs > nowMs) continue;
      due.wakeAtMs = Number.POSITIVE_INFINITY;
      const { slot, limit, host } = due;
      if (limit.nextTickMs <= nowMs) {
        const load = { inFlight: table.inFlight(slot), waiting: table.waiting(slot), ...table.loadOn(slot) };
        const transition = limit.tick(nowMs, load);
        if (transition !== undefined) onTransition(host, transition);
      }
      this.#written(due);
    }
    this.#setTimer();
  }
}
