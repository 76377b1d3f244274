/** The line between a thread and the desk: hosts joined and left, requests sent and ended, in batches. */
import type { Clock } from '../../clock.ts';
import type { HostRule } from '../../config/types.ts';
import type { HostLimits } from '../../host-limits.ts';
import type { Outcome, SendToken } from '../../paarc/limit.ts';
import type { GateTable } from './gate-table.ts';
import type { LimitDesk } from './limit-desk.ts';
import { type LimitDeskLine, ThreadLimit } from './thread-limit.ts';

/** As much of a message port as is needed. */
export interface LinePort {
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
}

export type ToDesk =
  | { readonly op: 'join'; readonly host: string; readonly rule: HostRule }
  | { readonly op: 'leave'; readonly host: string }
  | { readonly op: 'events'; readonly events: Float64Array<ArrayBuffer> };

export type FromDesk =
  | { readonly op: 'slot'; readonly host: string; readonly slot: number }
  | { readonly op: 'revoke'; readonly host: string };

/** An event: what, slot, number of the request, time, kind of outcome, and up to three numbers of the outcome. */
const WIDTH = 8;
const [SENT, ENDED] = [0, 1];
const KINDS = ['ok', 'neutral', 'rate', 'overload'] as const;
/** The controller hears of an event after so long at the latest: its rounds last tens of milliseconds and more. */
const FLUSH_MS = 4;
const MAX_EVENTS = 256;

/** A thread's end of the line. */
export class DeskLine implements LimitDeskLine {
  readonly limits: HostLimits;
  readonly #port: LinePort;
  readonly #clock: Clock;
  readonly #users = new Map<string, { readonly limit: ThreadLimit; readonly revoke: () => void }>();
  #events = new Float64Array(MAX_EVENTS * WIDTH);
  #count = 0;
  #requests = 0;
  #cancelFlush: (() => void) | undefined;

  /** @param shiftMs - what this thread's clock lacks to the shared one */
  constructor(port: LinePort, table: GateTable, thread: number, clock: Clock, shiftMs: number) {
    this.#port = port;
    this.#clock = clock;
    this.limits = {
      create: (host, rule, revoke) => {
        const limit = new ThreadLimit(table, thread, this, shiftMs);
        this.#users.set(host, { limit, revoke });
        this.#post({ op: 'join', host, rule });
        return limit;
      },
      retire: (host) => {
        this.#users.delete(host);
        this.#post({ op: 'leave', host });
      },
    };
  }

  receive(message: FromDesk): void {
    const user = this.#users.get(message.host);
    if (message.op === 'slot') user?.limit.assign(message.slot);
    else user?.revoke();
  }

  sent(slot: number, atMs: number): SendToken {
    this.#requests += 1;
    this.#add(SENT, slot, this.#requests, atMs, 0, 0, 0, 0);
    return this.#requests;
  }

  ended(slot: number, token: SendToken, outcome: Outcome, atMs: number): void {
    const kind = KINDS.indexOf(outcome.kind);
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

  flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    if (this.#count === 0) return;
    const events = this.#events.slice(0, this.#count * WIDTH);
    this.#count = 0;
    this.#port.post({ op: 'events', events } satisfies ToDesk, [events.buffer]);
  }

  #add(...event: readonly number[]): void {
    this.#events.set(event, this.#count * WIDTH);
    this.#count += 1;
    if (this.#count === MAX_EVENTS) this.flush();
    else this.#cancelFlush ??= this.#clock.timer(FLUSH_MS, () => this.flush());
  }

  /** In order: a host is not left before the desk has heard of the last request to it. */
  #post(message: ToDesk): void {
    this.flush();
    this.#port.post(message);
  }
}

/** The desk's end of one thread's line. @returns what takes the thread's messages */
export function serveLine(desk: LimitDesk, thread: number, port: LinePort): (message: ToDesk) => void {
  /** Tokens of the controllers by the thread's numbers. */
  const tokens = new Map<number, SendToken>();
  return (message) => {
    if (message.op === 'join') {
      const { host, rule } = message;
      const slot = desk.join(thread, host, rule, () => port.post({ op: 'revoke', host } satisfies FromDesk));
      port.post({ op: 'slot', host, slot } satisfies FromDesk);
    } else if (message.op === 'leave') desk.leave(thread, message.host);
    else replay(desk, thread, tokens, message.events);
  };
}

function replay(desk: LimitDesk, thread: number, tokens: Map<number, SendToken>, events: Float64Array): void {
  for (let at = 0; at < events.length; at += WIDTH) {
    const [what, slot = 0, request = 0, atMs = 0, kind = 0, a = 0, b = 0, c = 0] = events.subarray(at, at + WIDTH);
    if (what === SENT) {
      tokens.set(request, desk.sent(slot, atMs, thread));
      continue;
    }
    const token = tokens.get(request) ?? 0;
    tokens.delete(request);
    desk.ended(slot, token, outcomeOf(kind, a, b, c), atMs, thread);
  }
}

function outcomeOf(kind: number, a: number, b: number, c: number): Outcome {
  const retryAfterMs = Number.isNaN(b) ? undefined : b;
  switch (KINDS[kind]) {
    case 'ok':
      return { kind: 'ok', headersMs: a, serviceMs: b, bytes: c };
    case 'rate':
      return { kind: 'rate', serviceMs: a, retryAfterMs };
    case 'overload':
      return { kind: 'overload', serviceMs: a, retryAfterMs };
    default:
      return { kind: 'neutral' };
  }
}
