import { describe, expect, it } from 'vitest';
import { GateTable } from '../../../../src/host-budget/threads/gate-table.ts';

const OPEN = {
  permits: 4,
  spacingMs: 0,
  pauseUntilMs: 0,
  goodUntilMs: Number.POSITIVE_INFINITY,
  isShut: false,
  refusesAll: false,
};

function table(state: Partial<typeof OPEN> = {}, maxInFlight = 1000, threads = 3): GateTable {
  const gates = new GateTable({ slots: 2, threads, maxInFlight });
  gates.reset(0, { ...OPEN, ...state });
  gates.reset(1, OPEN);
  gates.setThreadsAtWork(threads);
  return gates;
}

/** How many permits a thread gets, asking until it is refused. */
function takeAll(gates: GateTable, thread: number, slot = 0, nowMs = 1000): number {
  let taken = 0;
  while (gates.acquire(slot, thread, nowMs, 0)) taken += 1;
  return taken;
}

describe('a gate that threads share', () => {
  it('lets as many requests through as there are permits, whoever asks, and one more for each that ended', () => {
    const gates = table();
    expect(takeAll(gates, 0) + takeAll(gates, 1)).toBe(4);
    gates.release(0, 0);
    expect(takeAll(gates, 2)).toBe(1);
    gates.write(0, { ...OPEN, permits: 2 });
    gates.release(0, 0);
    expect(takeAll(gates, 1)).toBe(0);
    expect(gates.inFlight(0)).toBe(3);
  });

  it('keeps to the spacing over all threads, makes good slots that a timer missed, and saves nothing up', () => {
    const gates = table({ spacingMs: 10, permits: 100 });
    expect(gates.acquire(0, 0, 1000, 1000)).toBe(true);
    expect(gates.acquire(0, 1, 1009, 1000)).toBe(false);
    // 4 ms late, and the next one is due as if it had not been.
    expect(gates.acquire(0, 1, 1014, 1000)).toBe(true);
    expect(gates.nextSlotMs(0)).toBe(1020);
    expect(gates.acquire(0, 2, 1019, 1000)).toBe(false);
    // Rows that came at 1500 have no claim on what was before.
    expect(gates.acquire(0, 2, 1500, 1500)).toBe(true);
    expect(gates.nextSlotMs(0)).toBe(1510);
    // However long rows have been waiting: two slots are made good, no more.
    expect(Array.from({ length: 6 }, () => gates.acquire(0, 0, 1700, 1500))).toEqual([
      ...[true, true, true],
      ...[false, false, false],
    ]);
  });

  it('forgets no send when the spacing changes to and fro', () => {
    const gates = table({ spacingMs: 10, permits: 100 });
    expect(gates.acquire(0, 0, 1000, 1000)).toBe(true);
    for (let turn = 0; turn < 50; turn += 1) gates.write(0, { ...OPEN, spacingMs: turn % 2 === 0 ? 12 : 10 });
    expect(gates.acquire(0, 0, 1005, 1000)).toBe(false);
    gates.write(0, { ...OPEN, spacingMs: 5 });
    expect(gates.acquire(0, 0, 1005, 1000)).toBe(true);
  });

  it('keeps a pause that a thread was asked for until the controller has heard of it and says how long it is', () => {
    const gates = table();
    gates.pause(0, 5000);
    gates.pause(0, 3000);
    gates.write(0, OPEN);
    expect(gates.acquire(0, 1, 4999, 0)).toBe(false);
    gates.takeOverPause(0, 3000);
    expect(gates.pauseUntilMs(0)).toBe(5000);
    gates.write(0, { ...OPEN, pauseUntilMs: 2000 });
    gates.takeOverPause(0, 5000);
    expect(gates.pauseUntilMs(0)).toBe(2000);
    expect(gates.acquire(0, 1, 2000, 0)).toBe(true);
    gates.write(0, OPEN);
    expect(gates.pauseUntilMs(0)).toBe(0);
  });

  it('lets nothing through when its permits have run out of time, or when it is shut', () => {
    const gates = table({ goodUntilMs: 2000 });
    expect(gates.acquire(0, 0, 1999, 0)).toBe(true);
    expect(gates.acquire(0, 0, 2000, 0)).toBe(false);
    expect(gates.permits(0, 2000)).toBe(0);
    gates.write(0, { ...OPEN, isShut: true });
    expect(gates.acquire(0, 0, 1000, 0)).toBe(false);
    expect(gates.permits(0, 1000)).toBeLessThan(0);
  });

  it('leaves the last permits to a thread whose rows wait and that has less than its share', () => {
    const gates = table({ permits: 32 });
    expect(takeAll(gates, 0)).toBe(32);
    gates.setWaiting(0, 1, 10);
    for (let ended = 0; ended < 3; ended += 1) {
      gates.release(0, 0);
      expect(gates.acquire(0, 0, 1000, 0)).toBe(false);
    }
    expect(takeAll(gates, 1)).toBe(3);
    for (let turn = 0; turn < 40; turn += 1) {
      gates.release(0, 0);
      if (!gates.acquire(0, 1, 1000, 0)) gates.acquire(0, 0, 1000, 0);
    }
    gates.setWaiting(0, 1, 0);
    for (let ended = 0; ended < 4; ended += 1) gates.release(0, 0);
    expect(takeAll(gates, 0)).toBe(4);
    expect(gates.inFlight(0)).toBe(32);
  });

  it('counts requests of all hosts against one number, and each thread gets its share of the last part of it', () => {
    const gates = table({ permits: 100 }, 16, 2);
    // Seven eighths are for whoever comes, the rest is not for a thread that has more than half.
    expect(takeAll(gates, 0)).toBe(14);
    expect(gates.isFull(0)).toBe(true);
    expect(gates.isFull(1)).toBe(false);
    expect(takeAll(gates, 1, 1)).toBe(2);
    expect([gates.isFull(0), gates.isFull(1)]).toEqual([true, true]);
    gates.setThreadsAtWork(1);
    gates.release(1, 1);
    expect(takeAll(gates, 0)).toBe(1);
  });

  it('gets back what a thread held that has ended, and forgets its waiting rows', () => {
    const gates = table({}, 5);
    expect(takeAll(gates, 1)).toBe(4);
    expect(takeAll(gates, 1, 1)).toBe(1);
    gates.setWaiting(0, 1, 7);
    gates.forgetThread(1);
    for (const slot of [0, 1]) gates.releaseAll(slot, 1);
    expect([gates.inFlight(0), gates.inFlight(1), gates.waiting(0)]).toEqual([0, 0, 0]);
    expect(takeAll(gates, 2) + takeAll(gates, 0, 1)).toBe(5);
  });

  it('says how busy the threads are by the requests that each of them has', () => {
    const gates = table();
    gates.setLoad(0, 1, 0.5);
    gates.setLoad(1, 0.2, 0);
    gates.setLoad(2, 0.9, 0.9);
    expect(gates.loadOn(0)).toEqual({ eventLoopUtilization: 0, clientLimited: 0 });
    for (const thread of [0, 0, 0, 1]) gates.acquire(0, thread, 1000, 0);
    expect(gates.loadOn(0).eventLoopUtilization).toBeCloseTo(0.8);
    expect(gates.loadOn(0).clientLimited).toBeCloseTo(0.375);
  });
});
