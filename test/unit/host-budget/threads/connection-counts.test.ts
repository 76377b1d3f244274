import { describe, expect, it } from 'vitest';
import { GateTable } from '../../../../src/host-budget/threads/gate-table.ts';

const OPEN = {
  permits: 8,
  spacingMs: 0,
  pauseUntilMs: 0,
  goodUntilMs: Number.POSITIVE_INFINITY,
  isShut: false,
  refusesAll: false,
};
const NOW = 1000;

/** A host of eight permits, and how many rows wait for it in each thread. */
function trial(waiting: readonly number[], permits = OPEN.permits) {
  const table = new GateTable({ slots: 2, threads: waiting.length, maxInFlight: 1000 });
  table.reset(0, { ...OPEN, permits });
  waiting.forEach((rows, thread) => void table.setWaiting(0, thread, rows));
  const { connections } = table;
  const openAll = (thread: number, most = Number.POSITIVE_INFINITY): number => {
    let opened = 0;
    while (opened < most && connections.open(0, thread, NOW)) opened += 1;
    return opened;
  };
  const yieldOne = (thread: number): void => {
    connections.yielding(0, thread);
    connections.yielded(0, thread);
  };
  return { table, connections, openAll, yieldOne };
}

describe('the connections of threads to a host', () => {
  it('are never more than its permits, whoever has them, and may be opened for each that is closed', () => {
    const { connections, openAll } = trial([9, 9, 9]);
    expect([openAll(0, 5), openAll(1), openAll(2)]).toEqual([5, 3, 0]);
    connections.closed(0, 1);
    expect([openAll(2), openAll(0), connections.all(0)]).toEqual([1, 0, 8]);
  });

  it('are none where nothing may be sent', () => {
    const { table, openAll } = trial([9]);
    table.write(0, { ...OPEN, isShut: true });
    expect(openAll(0)).toBe(0);
  });

  it('count until they are closed, when one is given up for another thread', () => {
    const { connections, openAll } = trial([9, 9]);
    openAll(0);
    expect(connections.open(0, 1, NOW)).toBe(false);
    connections.yielding(0, 0);
    expect(connections.open(0, 1, NOW)).toBe(false);
    connections.yielded(0, 0);
    expect(connections.open(0, 1, NOW)).toBe(true);
  });

  it('of a thread that has ended are free', () => {
    const { table, openAll } = trial([9, 9]);
    openAll(0);
    table.releaseAll(0, 0);
    expect(openAll(1)).toBe(8);
  });

  it('of one host are not those of another', () => {
    const { table, connections, openAll } = trial([9, 9]);
    openAll(0);
    table.reset(1, OPEN);
    expect([connections.open(1, 1, NOW), connections.all(1)]).toEqual([true, 1]);
  });
});

describe('a thread with connections to spare', () => {
  it('keeps them while nobody needs one', () => {
    const { connections, openAll } = trial([0, 0]);
    openAll(0);
    expect(connections.mustYield(0, 0, NOW, 0)).toBe(false);
  });

  it('without rows gives them to a thread that has some, one at a time', () => {
    const { connections, openAll, yieldOne } = trial([0, 9]);
    openAll(0);
    openAll(1);
    let given = 0;
    for (; connections.mustYield(0, 0, NOW, 0); given += 1) {
      connections.yielding(0, 0);
      expect(connections.mustYield(0, 0, NOW, 0)).toBe(false);
      connections.yielded(0, 0);
      // There is room now: nobody need give up another.
      expect(connections.mustYield(0, 0, NOW, 0)).toBe(false);
      connections.open(0, 1, NOW);
      connections.open(0, 1, NOW);
    }
    expect(given).toBe(8);
    expect(() => yieldOne(1)).not.toThrow();
  });

  it('with rows of its own gives no more than others lack of their share, and then all rest', () => {
    const { connections, openAll, yieldOne } = trial([9, 9, 9]);
    openAll(0);
    for (let turn = 0; turn < 20; turn += 1) {
      for (const thread of [1, 2]) connections.open(0, thread, NOW);
      if (connections.mustYield(0, 0, NOW, 0)) yieldOne(0);
    }
    expect([openAll(1), openAll(2), connections.all(0)]).toEqual([0, 0, 8]);
    for (const thread of [0, 1, 2]) expect(connections.mustYield(0, thread, NOW, 0)).toBe(false);
    connections.closed(0, 0);
    expect(openAll(0)).toBe(1);
  });

  it('gives the only one there may be to a thread without any, but not before it had it for a second', () => {
    const { connections, openAll } = trial([9, 9], 1);
    expect([openAll(0), openAll(1)]).toEqual([1, 0]);
    expect(connections.mustYield(0, 0, NOW + 999, NOW)).toBe(false);
    expect(connections.mustYield(0, 0, NOW + 1000, NOW)).toBe(true);
  });

  it('keeps them when the rows are gone that another one was wanted for', () => {
    const { table, connections, openAll } = trial([0, 9]);
    openAll(0);
    openAll(1);
    table.setWaiting(0, 1, 0);
    expect(connections.mustYield(0, 0, NOW, 0)).toBe(false);
  });
});
