import { describe, expect, it } from 'vitest';
import {
  Coordinator,
  defaultPaarcSettings,
  type Outcome,
  ShareLimit,
  splitBudget,
  type WorkerEvent,
} from '../../../src/paarc/index.ts';
import { freeLoad, ok } from './drive.ts';

const newCoordinator = (): Coordinator => {
  const coordinator = new Coordinator(defaultPaarcSettings, () => 0.5, 0);
  coordinator.join('a');
  coordinator.join('b');
  return coordinator;
};
const reportOf = (worker: string, events: WorkerEvent[]) => ({
  worker,
  events,
  waiting: 10,
  eventLoopUtilization: 0,
  clientLimited: 0,
});
const exchange = (id: number, atMs: number, outcome: Outcome): WorkerEvent[] => [
  { kind: 'send', atMs, id },
  { kind: 'result', atMs: atMs + 50, id, outcome },
];

describe('Coordinator', () => {
  it('has a budget that is shared evenly among those who joined', () => {
    const shares = splitBudget(newCoordinator().budget, ['a', 'b']);
    expect([...shares.values()].map((share) => share.permits)).toEqual([4, 4]);
  });

  it('orders the reports of its workers before it learns from them', () => {
    const coordinator = newCoordinator();
    const late = Array.from({ length: 20 }, (_, id) => exchange(id, 100 + id, ok(50))).flat();
    coordinator.report(reportOf('b', late), 400);
    coordinator.report(reportOf('a', Array.from({ length: 20 }, (_, id) => exchange(id, 20 * id, ok(50))).flat()), 450);
    expect(coordinator.advance(1000).map(({ reason }) => reason)).toContain('baseline known, growing');
    expect(coordinator.snapshot()?.p50Ms).toBe(50);
  });

  it('learns nothing before its watermark', () => {
    const coordinator = newCoordinator();
    coordinator.report(reportOf('a', Array.from({ length: 40 }, (_, id) => exchange(id, 10 * id, ok(50))).flat()), 500);
    coordinator.advance(300);
    expect(coordinator.snapshot()).toBeUndefined();
    coordinator.advance(1000);
    expect(coordinator.snapshot()).toBeDefined();
  });

  it('stops everybody at once for a fresh 429, for its Retry-After if it has one', () => {
    const coordinator = newCoordinator();
    const isUrgent = coordinator.report(
      reportOf('a', exchange(0, 100, { kind: 'rate', serviceMs: 50, retryAfterMs: 4000 })),
      170,
    );
    expect(isUrgent).toBe(true);
    const shares = splitBudget(coordinator.budget, ['a', 'b']);
    for (const share of shares.values()) expect(share.pauseUntilMs).toBe(150 + 4000);
  });

  it('takes a 429 for a request of before the stop for an echo', () => {
    const coordinator = newCoordinator();
    coordinator.report(reportOf('a', exchange(0, 100, { kind: 'rate', serviceMs: 50 })), 170);
    expect(coordinator.report(reportOf('b', exchange(0, 120, { kind: 'rate', serviceMs: 50 })), 190)).toBe(false);
    expect(coordinator.budget.pauseUntilMs).toBe(170 + 350);
  });

  it('leaves the budget of a worker that left to the others, and forgets the worker and its requests', () => {
    const coordinator = newCoordinator();
    coordinator.report(reportOf('a', [{ kind: 'send', atMs: 10, id: 0 }]), 20);
    coordinator.advance(400);
    coordinator.leave('a');
    expect(coordinator.budget.permits).toBe(8);
    expect(coordinator.report(reportOf('a', exchange(0, 410, { kind: 'rate', serviceMs: 1 })), 450)).toBe(false);
    expect(coordinator.budget.pauseUntilMs).toBe(0);
  });

  it('reads denials to all workers together: a run that none of them sees alone shows that the host refuses all', () => {
    const coordinator = newCoordinator();
    const played = (worker: string, fromMs: number, count: number, outcome: Outcome): void => {
      const events = Array.from({ length: count }, (_, at) => exchange(fromMs + at, fromMs + 20 * at, outcome)).flat();
      coordinator.report(reportOf(worker, events), fromMs + 20 * count);
      coordinator.advance(fromMs + 20 * count + 400);
    };
    for (const worker of ['a', 'b']) played(worker, 0, 50, ok(50));
    expect(coordinator.budget.refusesAll).toBe(false);
    for (const worker of ['a', 'b']) played(worker, 2000, 9, { kind: 'neutral', isDenied: true });
    expect(coordinator.budget.refusesAll).toBe(true);
    expect(coordinator.budget.permits).toBe(1);
    played('a', 4000, 1, ok(50));
    expect(coordinator.budget.refusesAll).toBe(false);
  });

  it('ignores reports of workers that never joined', () => {
    const coordinator = newCoordinator();
    expect(coordinator.report(reportOf('stranger', exchange(0, 0, { kind: 'rate', serviceMs: 1 })), 10)).toBe(false);
  });
});

describe('ShareLimit', () => {
  it('sends nothing before it has a share', () => {
    expect(new ShareLimit('a', 0).permits).toBe(0);
  });

  it('sends in its own phase of the common rhythm', () => {
    const limit = new ShareLimit('b', 0);
    limit.apply({ permits: 4, spacingMs: 100, phase: 0.5, pauseUntilMs: 0, refusesAll: false }, 1010);
    expect(limit.pauseUntilMs).toBe(1050);
    expect(limit.spacingMs).toBe(100);
  });

  it('pauses by itself for a Retry-After, and reports at once', () => {
    const limit = new ShareLimit('a', 0);
    const token = limit.onSend(10);
    limit.onResult(token, { kind: 'rate', serviceMs: 20, retryAfterMs: 2000 }, 30);
    expect(limit.pauseUntilMs).toBe(2030);
    expect(limit.nextTickMs).toBe(30);
  });

  it('reports everything once', () => {
    const limit = new ShareLimit('a', 0);
    limit.onResult(limit.onSend(10), ok(5), 15);
    expect(limit.takeReport({ ...freeLoad, inFlight: 0 }).events.map(({ kind }) => kind)).toEqual(['send', 'result']);
    expect(limit.takeReport({ ...freeLoad, inFlight: 0 }).events).toEqual([]);
  });
});
