import { expect, it } from 'vitest';
import {
  defaultPaarcSettings,
  type Limit,
  type Load,
  type Outcome,
  PaarcLimit,
  type SendToken,
  type Transition,
} from '../../../src/paarc/index.ts';
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
