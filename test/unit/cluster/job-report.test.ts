import { describe, expect, it } from 'vitest';
import { ClusterGauge } from '../../../src/cluster/job-report.ts';
import type { UnitRecord } from '../../../src/record.ts';
import type { WorkerHost, WorkerStatus } from '../../../src/transport/cluster.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const BEFORE = { fetched: 0, failed: 0, skipped: 0, bytes: 0 };
const NOTHING = { stored: 0, failed: 0, skipped: 0, bytes: 0 };

function workerOf(worker: string, atMs: number, hosts: readonly WorkerHost[]): WorkerStatus {
  const counts = { rowsDone: 0, bytes: 0, rowsPerSecond: 0, inFlight: 4, queued: 10 };
  return { worker, name: worker, atMs, state: 'working', units: [], ...counts, hosts };
}

function hostOf(host: string, inFlight: number, state = 'new'): WorkerHost {
  return { host, inFlight, limit: 8, waiting: 1, perSecond: 5, state };
}

function recordOf(stored: number): UnitRecord {
  const rest = { unit: 'u', token: 't', worker: 'w', artifacts: [], errors: {}, committedAtMs: 0 };
  return { ...rest, rows: stored, stored, failed: 0, skipped: 0, bytes: 10 * stored };
}

describe('what all workers of a job are doing', () => {
  it('is the sum of what those say that are there, busiest host first, with the state that one of them knows', async () => {
    const clock = new VirtualClock();
    const board = [
      workerOf('one', clock.wallMs(), [hostOf('a.test', 1), hostOf('b.test', 3)]),
      workerOf('two', clock.wallMs(), [hostOf('b.test', 2, 'probe-bw')]),
      workerOf('gone', clock.wallMs() - 60_000, [hostOf('c.test', 9)]),
    ];
    const gauge = new ClusterGauge({ workers: async () => board }, clock, BEFORE);
    await clock.advance(1000);
    expect(gauge.read()).toEqual({
      ...NOTHING,
      in_flight: 8,
      queued: 20,
      hosts: [
        { host: 'b.test', in_flight: 5, limit: 16, waiting: 2, rate: 10, state: 'probe-bw' },
        { host: 'a.test', in_flight: 1, limit: 8, waiting: 1, rate: 5, state: 'new' },
      ],
    });
    gauge.end();
    expect(clock.pending).toBe(0);
  });

  it('counts rows of units that are decided from now on, although all records are told again', () => {
    const gauge = new ClusterGauge({ workers: async () => [] }, new VirtualClock(), {
      ...BEFORE,
      fetched: 100,
      bytes: 1000,
    });
    gauge.note(recordOf(60));
    expect(gauge.read()).toMatchObject({ stored: 0, bytes: 0 });
    gauge.note(recordOf(40));
    gauge.note(recordOf(7));
    expect(gauge.read()).toMatchObject({ stored: 7, bytes: 70, in_flight: 0 });
  });

  it('is nothing while the server is away, and told again when it is back', async () => {
    const clock = new VirtualClock();
    let isAway = false;
    const workers = async (): Promise<WorkerStatus[]> => {
      if (isAway) throw new Error('no answer');
      return [workerOf('one', clock.wallMs(), [])];
    };
    const gauge = new ClusterGauge({ workers }, clock, BEFORE);
    const inFlight: number[] = [];
    for (const away of [false, true, false]) {
      isAway = away;
      await clock.advance(1000);
      inFlight.push(gauge.read().in_flight);
    }
    expect(inFlight).toEqual([4, 0, 4]);
    gauge.end();
  });
});
