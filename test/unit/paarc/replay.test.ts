import { expect, it } from 'vitest';
import { newHost } from '../../../src/paarc/host.ts';
import {
  defaultPaarcSettings,
  type Limit,
  type Load,
  type Outcome,
  PaarcLimit,
  type SendToken,
  type Transition,
} from '../../../src/paarc/index.ts';
import type { Flight } from '../../../src/paarc/levels.ts';
import { type HostEvent, reduce } from '../../../src/paarc/reduce.ts';
import { ok, UnitHost } from './drive.ts';

type Call =
  | { readonly kind: 'send'; readonly atMs: number; readonly inFlight: number }
  | { readonly kind: 'result'; readonly atMs: number; readonly token: SendToken; readonly outcome: Outcome }
  | { readonly kind: 'tick'; readonly atMs: number; readonly load: Load };

/** Numbers that look random and are the same each time. */
function numbers(): () => number {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

const newLimit = (): PaarcLimit => new PaarcLimit(defaultPaarcSettings, numbers(), 0);

/** Writes down what a limit is told. */
class Recording implements Limit {
  readonly calls: Call[] = [];
  readonly #limit = newLimit();

  get permits(): number {
    return this.#limit.permits;
  }
  get spacingMs(): number {
    return this.#limit.spacingMs;
  }
  get pauseUntilMs(): number {
    return this.#limit.pauseUntilMs;
  }
  get nextTickMs(): number {
    return this.#limit.nextTickMs;
  }
  onSend(atMs: number, inFlight: number): SendToken {
    this.calls.push({ kind: 'send', atMs, inFlight });
    return this.#limit.onSend(atMs, inFlight);
  }
  onResult(token: SendToken, outcome: Outcome, atMs: number): void {
    this.calls.push({ kind: 'result', atMs, token, outcome });
    this.#limit.onResult(token, outcome, atMs);
  }
  tick(atMs: number, load: Load): Transition | undefined {
    this.calls.push({ kind: 'tick', atMs, load });
    return this.#limit.tick(atMs, load);
  }
}

function replay(calls: readonly Call[]): Transition[] {
  const limit = newLimit();
  const decisions: Transition[] = [];
  for (const call of calls) {
    if (call.kind === 'send') limit.onSend(call.atMs, call.inFlight);
    else if (call.kind === 'result') limit.onResult(call.token, call.outcome, call.atMs);
    else {
      const decision = limit.tick(call.atMs, call.load);
      if (decision !== undefined) decisions.push(decision);
    }
  }
  return decisions;
}

it('a trace of what a controller was told replays to the same decisions', () => {
  const limit = new Recording();
  const host = new UnitHost(limit, () => ok(80));
  host.run(3000);
  host.answer = (sentMs) => (sentMs % 9 === 0 ? { kind: 'overload', serviceMs: 20 } : ok(80));
  host.run(6000);
  host.answer = (sentMs) => (sentMs % 3 === 0 ? { kind: 'rate', serviceMs: 10 } : ok(80));
  host.run(6000);
  host.answer = () => ({ kind: 'rate', serviceMs: 10, isShut: true });
  host.run(8000);
  host.answer = () => ok(80);
  host.run(8000);
  expect(host.transitions.length).toBeGreaterThan(10);
  expect(replay(limit.calls)).toEqual(host.transitions);
});

/** An object and all it holds, as far as it is not frozen. */
function freeze<T>(value: T): T {
  // Durations are kept in a store that versions share.
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) return value;
  for (const part of Object.values(value)) freeze(part);
  return Object.freeze(value);
}

it('an event changes nothing of what was known before it', () => {
  const limit = new Recording();
  const unit = new UnitHost(limit, () => ok(80));
  unit.answer = (sentMs) => (sentMs % 9 === 0 ? { kind: 'overload', serviceMs: 20 } : ok(80));
  unit.run(6000);
  unit.answer = (sentMs) => (sentMs % 3 === 0 ? { kind: 'rate', serviceMs: 10 } : ok(80));
  unit.run(6000);
  const flights = new Map<SendToken, Flight>();
  let host = freeze(newHost(defaultPaarcSettings, 0));
  let decisions = 0;
  for (const call of limit.calls) {
    host = freeze(reduce(defaultPaarcSettings, host, eventOf(call, flights)));
    if (call.kind === 'send')
      flights.set(host.sends, { mark: { sends: host.sends, atMs: call.atMs }, inFlight: call.inFlight });
    decisions += host.transitions.length;
  }
  expect(decisions).toBeGreaterThan(5);
});

function eventOf(call: Call, flights: ReadonlyMap<SendToken, Flight>): HostEvent {
  const nowMs = call.atMs;
  switch (call.kind) {
    case 'send':
      return { kind: 'send', nowMs };
    case 'result':
      return { kind: 'result', nowMs, flight: flights.get(call.token) as Flight, outcome: call.outcome, jitter: 0.5 };
    case 'tick':
      return { kind: 'look', nowMs, load: call.load, jitter: 0.5 };
  }
}
