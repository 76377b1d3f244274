import { describe, expect, it } from 'vitest';
import { shareUnits, unitsToGive } from '../../../src/cluster/share-units.ts';
import type { WorkerStatus } from '../../../src/transport/cluster.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

function status(worker: string, units: number, more: Partial<WorkerStatus> = {}): WorkerStatus {
  const ids = Array.from({ length: units }, (_, n) => `${worker}${n}`) as unknown as WorkerStatus['units'];
  const counts = { rowsDone: 0, bytes: 0, rowsPerSecond: 0, inFlight: 0, queued: 0, hosts: [] };
  return { worker, name: worker, atMs: 0, state: 'working', units: ids, ...counts, ...more };
}

describe('a worker with units that it has not begun', () => {
  it('gives each one that has none as many as it keeps', () => {
    expect(unitsToGive([status('b', 0)], 10)).toBe(5);
    expect(unitsToGive([status('b', 0), status('c', 0)], 15)).toBe(10);
    expect(unitsToGive([status('b', 0)], 1)).toBe(1);
    expect(unitsToGive([status('b', 0)], 0)).toBe(0);
  });

  it('keeps them from those that have units, that end, or that are alone', () => {
    expect(unitsToGive([status('b', 1), status('c', 0, { state: 'draining' })], 10)).toBe(0);
    expect(unitsToGive([], 10)).toBe(0);
  });

  it('hands them back within 2 s of somebody’s coming, and takes none itself meanwhile', async () => {
    const clock = new VirtualClock();
    const did: string[] = [];
    let board: WorkerStatus[] = [];
    const stop = shareUnits({
      channel: { workers: async () => board },
      worker: 'a',
      clock,
      giver: { spareUnits: 4, release: (units) => did.push(`released ${units}`) },
      taking: { units: [1, 2, 3, 4, 5], holdFor: (ms) => did.push(`held ${ms}`) },
    });
    board = [status('a', 5, { atMs: clock.wallMs() })];
    await clock.advance(4_000);
    expect(did).toEqual([]);
    board = [...board, status('b', 0, { atMs: clock.wallMs() })];
    await clock.advance(2_000);
    expect(did).toEqual(['held 3000', 'released 2']);
    stop();
    await clock.advance(10_000);
    expect(did).toHaveLength(2);
  });

  it('keeps them where the server does not say who is there', async () => {
    const clock = new VirtualClock();
    const giver = { spareUnits: 4, release: () => expect.unreachable() };
    const workers = async (): Promise<never> => {
      throw new Error('not allowed');
    };
    const taking = { units: [1, 2], holdFor: () => {} };
    const stop = shareUnits({ channel: { workers }, worker: 'a', clock, giver, taking });
    await clock.advance(10_000);
    stop();
  });
});
