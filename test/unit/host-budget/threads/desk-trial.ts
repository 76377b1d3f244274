/** A desk, the threads that talk to it, and controllers that do as they are told. */
import { DeskLine, type FromDesk, serveLine, type ToDesk } from '../../../../src/host-budget/threads/desk-line.ts';
import { GateTable } from '../../../../src/host-budget/threads/gate-table.ts';
import { LimitDesk } from '../../../../src/host-budget/threads/limit-desk.ts';
import type { HostLimits } from '../../../../src/host-limits.ts';
import type { Limit, Load, Outcome, SendToken, Transition } from '../../../../src/paarc/limit.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

/** The shared clock shows this when the virtual one shows 0. */
const SHIFT_MS = 7000;

/** A controller that does as it is told, and remembers what it was told. */
class ToldLimit implements Limit {
  permits = 3;
  spacingMs = 0;
  pauseUntilMs = 0;
  nextTickMs = Number.POSITIVE_INFINITY;
  goodUntilMs = Number.POSITIVE_INFINITY;
  readonly heard: [what: string, atMs: number, inFlight?: number][] = [];
  readonly out = new Set<SendToken>();
  readonly loads: Load[] = [];
  #token = 40;

  onSend(nowMs: number, inFlight: number): SendToken {
    this.#token += 1;
    this.out.add(this.#token);
    this.heard.push(['send', nowMs, inFlight]);
    return this.#token;
  }

  onResult(token: SendToken, outcome: Outcome, nowMs: number): void {
    if (!this.out.delete(token)) throw new RangeError(`token ${token}: not in flight`);
    this.heard.push([outcome.kind, nowMs]);
  }

  tick(nowMs: number, load: Load): Transition | undefined {
    this.loads.push(load);
    this.nextTickMs = nowMs + 100;
    return undefined;
  }
}

export function trial(slots = 4) {
  const clock = new VirtualClock();
  const table = new GateTable({ slots, threads: 3, maxInFlight: 100 });
  const made = new Map<string, { limit: ToldLimit; revoke: () => void; onChange: () => void }>();
  const retired: string[] = [];
  const limits: HostLimits = {
    create: (host, _rule, revoke, onChange = () => {}) => {
      const limit = new ToldLimit();
      made.set(host, { limit, revoke, onChange });
      return limit;
    },
    retire: (host) => void retired.push(host),
  };
  const desk = new LimitDesk({ limits, table, clock, shiftMs: SHIFT_MS, onTransition: () => {} });
  /** A thread's end of a line whose messages arrive when it is said. */
  const thread = (number: number) => {
    const toDesk: ToDesk[] = [];
    const fromDesk: FromDesk[] = [];
    const port = { post: (message: unknown) => void toDesk.push(message as ToDesk) };
    const line = new DeskLine({ port, table, thread: number, clock, shiftMs: SHIFT_MS });
    const served = serveLine(desk, number, { post: (message) => void fromDesk.push(message as FromDesk) });
    const deliverToDesk = (): void => {
      line.flush();
      for (const message of toDesk.splice(0)) served(message);
    };
    const deliver = (): void => {
      deliverToDesk();
      for (const message of fromDesk.splice(0)) line.receive(message);
    };
    const revoked: string[] = [];
    const join = (host: string): Limit => line.limits.create(host, {}, () => void revoked.push(host));
    const joined = (host: string): Limit => {
      const limit = join(host);
      deliver();
      return limit;
    };
    return { line, deliverToDesk, deliver, join, joined, revoked };
  };
  const limitOf = (host: string): ToldLimit => made.get(host)?.limit as ToldLimit;
  return { clock, table, desk, made, retired, thread, limitOf };
}
