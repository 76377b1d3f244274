/** The line between a thread and the desk: hosts joined and left, requests sent and ended, in batches. */
import type { Clock } from '../../clock.ts';
import type { HostRule } from '../../config/types.ts';
import type { HostLimits } from '../../host-limits.ts';
import { nameOf, type Outcome, type SendToken } from '../../paarc/limit.ts';
import type { GateTable } from './gate-table.ts';
import type { LimitDesk } from './limit-desk.ts';
import { type LimitDeskLine, ThreadLimit } from './thread-limit.ts';

/** As much of a message port as is needed. */
export interface LinePort {
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
}

/** `user` is the thread's number for one use of a host, from joining to leaving. */
type Move =
  | { readonly op: 'join'; readonly user: number; readonly host: string; readonly rule: HostRule }
  | { readonly op: 'leave'; readonly host: string };

export interface ToDesk {
  /** Before the moves: a host is not left before the desk has heard of the last request to it. */
  readonly events: Float64Array<ArrayBuffer> | undefined;
  readonly moves: readonly Move[];
}

export interface FromDesk {
  /** Users with the slots of their hosts. */
  readonly slots: readonly (readonly [user: number, slot: number])[];
  /** Users whose requests must end. */
  readonly revoked: readonly number[];
  /** Users that may have a connection to spare, which another thread needs. */
  readonly asked: readonly number[];
}

/** An event: what, slot, number of the request, time, in flight or kind of outcome, and up to three numbers of it. */
const WIDTH = 8;
const [SENT, ENDED, WAITS, ASKS] = [0, 1, 2, 3];
const NAMES = ['ok', 'neutral', 'rate', 'overload', 'denied', 'shut'] as const;
/** The controller hears of an event after so long at the latest: its rounds last tens of milliseconds and more. */
const FLUSH_MS = 4;
const MAX_EVENTS = 256;

export interface DeskLineOptions {
  readonly port: LinePort;
  readonly table: GateTable;
  readonly thread: number;
  readonly clock: Clock;
  /** What this thread's clock lacks to the shared one, ms. */
  readonly shiftMs: number;
}

/** A thread's end of the line. */
export class DeskLine implements LimitDeskLine {
  readonly limits: HostLimits;
  readonly #port: LinePort;
  readonly #clock: Clock;
  readonly #users = new Map<number, { readonly limit: ThreadLimit; readonly revoke: () => void }>();
  readonly #numbers = new WeakMap<object, number>();
  readonly #events = new Float64Array(MAX_EVENTS * WIDTH);
  #moves: Move[] = [];
  #count = 0;
  #requests = 0;
  #lastUser = 0;
  #cancelFlush: (() => void) | undefined;

  constructor({ port, table, thread, clock, shiftMs }: DeskLineOptions) {
    this.#port = port;
    this.#clock = clock;
    const nowMs = (): number => clock.nowMs();
    this.limits = {
      create: (host, rule, revoke) => {
        const limit = new ThreadLimit({ table, thread, line: this, shiftMs, nowMs });
        this.#lastUser += 1;
        this.#numbers.set(limit, this.#lastUser);
        this.#users.set(this.#lastUser, { limit, revoke });
        this.#move({ op: 'join', user: this.#lastUser, host, rule });
        return limit;
      },
      retire: (host, limit) =>
        (limit as ThreadLimit).retire(() => {
          this.#users.delete(this.#numbers.get(limit) as number);
          this.#move({ op: 'leave', host });
        }),
      isFull: () => table.isFull(thread),
    };
  }

  receive({ slots, revoked, asked }: FromDesk): void {
    for (const [user, slot] of slots) this.#users.get(user)?.limit.assign(slot);
    for (const user of revoked) this.#users.get(user)?.revoke();
    for (const user of asked) this.#users.get(user)?.limit.connections.asked();
  }

  sent(slot: number, atMs: number, inFlight: number): SendToken {
    this.#requests += 1;
    this.#add(SENT, slot, this.#requests, atMs, inFlight, 0, 0, 0);
    return this.#requests;
  }

  ended(slot: number, token: SendToken, outcome: Outcome, atMs: number): void {
    const kind = NAMES.indexOf(nameOf(outcome));
    switch (outcome.kind) {
      case 'ok':
        return this.#add(ENDED, slot, token, atMs, kind, outcome.headersMs, outcome.serviceMs, outcome.bytes);
      case 'neutral':
        return this.#add(ENDED, slot, token, atMs, kind, 0, 0, 0);
      case 'rate':
      case 'overload':
        this.#add(ENDED, slot, token, atMs, kind, outcome.serviceMs, outcome.retryAfterMs ?? Number.NaN, 0);
        // Other threads go on sending until the controller has heard of it.
        this.flush();
    }
  }

  waits(slot: number): void {
    this.#add(WAITS, slot, 0, 0, 0, 0, 0, 0);
  }

  asks(slot: number): void {
    this.#add(ASKS, slot, 0, 0, 0, 0, 0, 0);
    this.flush();
  }

  flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    if (this.#count === 0 && this.#moves.length === 0) return;
    const events = this.#count === 0 ? undefined : this.#events.slice(0, this.#count * WIDTH);
    const moves = this.#moves;
    this.#count = 0;
    this.#moves = [];
    this.#port.post({ events, moves } satisfies ToDesk, events === undefined ? [] : [events.buffer]);
  }

  #add(...event: readonly number[]): void {
    this.#events.set(event, this.#count * WIDTH);
    this.#count += 1;
    if (this.#count === MAX_EVENTS) this.flush();
    else this.#cancelFlush ??= this.#clock.timer(FLUSH_MS, () => this.flush());
  }

  /** A unit brings hundreds of hosts at once: they travel together. */
  #move(move: Move): void {
    if (this.#moves.length === 0) queueMicrotask(() => this.flush());
    this.#moves.push(move);
  }
}

/** The desk's end of one thread's line. @returns what takes the thread's messages */
export function serveLine(desk: LimitDesk, thread: number, port: LinePort): (message: ToDesk) => void {
  /** Tokens of the controllers by the thread's numbers. */
  const tokens = new Map<number, SendToken>();
  const say = (words: Partial<FromDesk>): void =>
    port.post({ slots: [], revoked: [], asked: [], ...words } satisfies FromDesk);
  return ({ events, moves }) => {
    if (events !== undefined) replay(desk, thread, tokens, events);
    const slots: [number, number][] = [];
    let isOpen = true;
    for (const move of moves) {
      const { host } = move;
      if (move.op === 'leave') {
        desk.leave(thread, host);
        continue;
      }
      const { user, rule } = move;
      const assign = (slot: number): void => {
        if (isOpen) slots.push([user, slot]);
        else say({ slots: [[user, slot]] });
      };
      const [revoke, asked] = [() => say({ revoked: [user] }), () => say({ asked: [user] })];
      desk.join({ thread, host, rule, revoke, asked, assign });
    }
    isOpen = false;
    if (slots.length > 0) say({ slots });
  };
}

function replay(desk: LimitDesk, thread: number, tokens: Map<number, SendToken>, events: Float64Array): void {
  for (let at = 0; at < events.length; at += WIDTH) {
    const [what, slot = 0, request = 0, atMs = 0, kind = 0, a = 0, b = 0, c = 0] = events.subarray(at, at + WIDTH);
    if (what === WAITS) desk.waits(slot);
    else if (what === ASKS) desk.asks(slot, thread);
    else if (what === SENT) tokens.set(request, desk.sent(slot, atMs, kind, thread));
    else {
      const token = tokens.get(request);
      tokens.delete(request);
      if (token !== undefined) desk.ended(slot, token, outcomeOf(kind, a, b, c), atMs, thread);
    }
  }
}

function outcomeOf(kind: number, a: number, b: number, c: number): Outcome {
  const retryAfterMs = Number.isNaN(b) ? undefined : b;
  switch (NAMES[kind]) {
    case 'ok':
      return { kind: 'ok', headersMs: a, serviceMs: b, bytes: c };
    case 'rate':
      return { kind: 'rate', serviceMs: a, retryAfterMs };
    case 'shut':
      return { kind: 'rate', serviceMs: a, retryAfterMs, isShut: true };
    case 'overload':
      return { kind: 'overload', serviceMs: a, retryAfterMs };
    case 'denied':
      return { kind: 'neutral', isDenied: true };
    default:
      return { kind: 'neutral' };
  }
}
