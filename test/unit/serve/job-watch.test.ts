import { describe, expect, it, onTestFinished } from 'vitest';
import { JobWatch } from '../../../src/serve/watch/job-watch.ts';
import { LiveBook } from '../../../src/serve/watch/live-book.ts';
import type { ClusterChannel, WorkerStatus } from '../../../src/transport/cluster.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const HOST = { host: 'a.test', inFlight: 1, limit: 2, waiting: 3, perSecond: 1, state: 'probe-bw' };

function workerOf(worker: string, atMs: number, more: Partial<WorkerStatus> = {}): WorkerStatus {
  const counts = { rowsDone: 5, bytes: 9, rowsPerSecond: 2, inFlight: 1, queued: 3 };
  return { worker, name: worker, atMs, state: 'working', units: [], hosts: [HOST], ...counts, ...more };
}

function watched() {
  const clock = new VirtualClock();
  const board = new Map<string, WorkerStatus>();
  const status = { state: 'open', total: 9, committed: 1, inFlight: 3, published: 9 };
  const channel = {
    ...{ id: 'job', leaseMs: 30_000 },
    workers: async () => [...board.values()],
    status: async () => status,
  } as unknown as ClusterChannel;
  const book = new LiveBook({
    ...{ kind: 'job', output: 'ds', clock, maxInFlight: 10, cores: 2 },
    controls: () => ({ refused: {}, isPaused: false, rules: [] }),
  });
  book.begin(undefined, 0);
  const watch = new JobWatch(book, channel, clock);
  onTestFinished(() => watch.close());
  const beat = async (seconds: number, ...workers: [string, Partial<WorkerStatus>?][]) => {
    for (let at = 0; at < seconds; at += 1) {
      for (const [name, more] of workers) board.set(name, workerOf(name, clock.wallMs(), more));
      await clock.advance(1000);
    }
  };
  return { book, beat };
}

describe('a job that is watched', () => {
  it('has a worker that went without a word, with when its shards come back, until they are', async () => {
    const { book, beat } = watched();
    const units = ['u1', 'u2'] as never;
    await beat(3, ['one'], ['two', { units }]);
    expect(book.state().workers.map(({ state }) => state)).toEqual(['working', 'working']);
    await beat(12, ['one']);
    const [, silent] = book.state().workers;
    expect(silent).toMatchObject({ name: 'two', state: 'silent', units: 2, rowsPerSecond: 0, inFlight: 0 });
    expect(silent?.unitsBackMs).toBeGreaterThan(15_000);
    expect(silent?.unitsBackMs).toBeLessThanOrEqual(20_000);
    expect(book.state().threads).toBe(1);
    await beat(25, ['one']);
    expect(book.state().workers.map(({ name }) => name)).toEqual(['one']);
  });

  it('tells of a worker that waits for room on its disk, and what holds a job of which all do', async () => {
    const { book, beat } = watched();
    await beat(3, ['one'], ['two', { heldBy: 'disk' }]);
    expect(book.state().workers.map(({ state }) => state)).toEqual(['working', 'waits for disk']);
    expect(book.state().holding.by).not.toBe('disk');
    await beat(3, ['one', { heldBy: 'disk' }], ['two', { heldBy: 'disk' }]);
    expect(book.state().holding.by).toBe('disk');
  });

  it('has latencies of hosts over all workers, each counted once however often it is read', async () => {
    const { book, beat } = watched();
    const said = (counted: number[]): Partial<WorkerStatus> => ({ latencies: [{ host: HOST.host, counted }] });
    await beat(4, ['one', said([10, 9])], ['two', said([24, 1, 999, 0])]);
    const { lines } = book.page({ sort: 'host', isRising: true, search: '', offset: 0, limit: 9 });
    expect(lines[0]?.p50Ms).toBeCloseTo(1.35 ** 9.5);
    expect(lines[0]?.p95Ms).toBeCloseTo(1.35 ** 23.5);
  });
});
