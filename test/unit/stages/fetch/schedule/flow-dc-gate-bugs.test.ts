import { describe, expect, it } from 'vitest';
import { FixedLimit } from '../../../../../src/paarc/limit.ts';
import { MovableLimit } from './movable-limit.ts';
import { SchedulerBench } from './scheduler-bench.ts';

describe("faults of FLOW-DC's gate that this one does not have", () => {
  it('thundering herd on release: one freed permit starts one row, however many wait', () => {
    const bench = new SchedulerBench(() => new FixedLimit(3));
    bench.add('a', 1000);
    bench.scheduler.pump();
    expect(bench.started).toHaveLength(3);
    bench.started[0]?.end();
    expect(bench.started).toHaveLength(4);
    expect(bench.clock.pending).toBe(0);
  });

  it('thundering herd after a pause: its end starts as many rows as there are permits, not all that waited', async () => {
    const bench = new SchedulerBench(() => new FixedLimit(3));
    bench.add('a', 500);
    bench.scheduler.pump();
    bench.started[0]?.end({ kind: 'rate', serviceMs: 1, retryAfterMs: 1000 });
    bench.started[1]?.end();
    bench.started[2]?.end();
    await bench.clock.advance(1000);
    expect(bench.started).toHaveLength(6);
  });

  it('sleep while holding a permit: a row that waits out its backoff leaves its permit and its place to others', async () => {
    const bench = new SchedulerBench(() => new FixedLimit(1), { maxInFlight: 1, serviceMs: () => 10 });
    const [first] = bench.add('a', 1);
    bench.scheduler.pump();
    await bench.clock.advance(10);
    bench.scheduler.again('a', first as never, 60_000);
    bench.add('a', 5);
    bench.add('b', 5);
    bench.scheduler.pump();
    expect(bench.scheduler.inFlight).toBe(1);
    await bench.clock.advance(100);
    expect(bench.started).toHaveLength(11);
  });

  it('sleep while holding a permit: a spaced host that waits for its slot keeps nobody from the global cap', async () => {
    const bench = new SchedulerBench((host) => new FixedLimit(10, host === 'spaced' ? 1 : 0), {
      maxInFlight: 1,
      serviceMs: () => 10,
    });
    bench.add('spaced', 5);
    bench.add('free', 50);
    bench.scheduler.pump();
    await bench.clock.advance(600);
    expect(bench.ids('free')).toHaveLength(50);
  });

  it('raised limit waking nobody: waiting rows start as soon as the law raises the limit, without any release', async () => {
    const limit = new MovableLimit(1);
    limit.onTick = (self) => {
      self.permits = 4;
      return undefined;
    };
    const bench = new SchedulerBench(() => limit);
    limit.nextTickMs = 200;
    bench.add('a', 10);
    bench.scheduler.pump();
    await bench.clock.advance(200);
    expect(bench.started.map(({ atMs }) => atMs)).toEqual([0, 200, 200, 200]);
  });

  it('head-of-line blocking by a slow host: rows behind it in the manifest do not wait for it', async () => {
    const bench = new SchedulerBench(() => new FixedLimit(2), {
      serviceMs: ({ host }) => (host === 'slow' ? 60_000 : 10),
    });
    bench.add('slow', 100);
    bench.add('fast', 100);
    bench.scheduler.pump();
    await bench.clock.advance(500);
    expect(bench.ids('fast')).toHaveLength(100);
    expect(bench.ids('slow')).toHaveLength(2);
  });

  it('a host without answers cannot take the whole cap: its limit bounds it', async () => {
    const bench = new SchedulerBench(() => new FixedLimit(8), {
      maxInFlight: 10,
      serviceMs: ({ host }) => (host === 'never' ? 1e9 : 10),
    });
    bench.add('never', 1000);
    bench.add('good', 40);
    bench.scheduler.pump();
    await bench.clock.advance(500);
    expect(bench.ids('good')).toHaveLength(40);
  });
});
