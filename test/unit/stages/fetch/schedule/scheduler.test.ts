import { describe, expect, it } from 'vitest';
import { FixedLimit } from '../../../../../src/paarc/limit.ts';
import { MovableLimit } from './movable-limit.ts';
import { SchedulerBench } from './scheduler-bench.ts';

const RATE = { kind: 'rate', serviceMs: 1, retryAfterMs: 3000 } as const;

describe('rows', () => {
  it('of one host leave in the order in which they came', async () => {
    const bench = new SchedulerBench(() => new FixedLimit(2), { serviceMs: () => 10 });
    const rows = bench.add('a', 20);
    bench.scheduler.pump();
    await bench.clock.advance(1000);
    expect(bench.ids()).toEqual(rows.map(({ id }) => id));
    expect(bench.scheduler.queued).toBe(0);
    expect(bench.scheduler.inFlight).toBe(0);
  });

  it('of many hosts take turns: each host gets its share of the global cap', async () => {
    const bench = new SchedulerBench(() => new FixedLimit(100), { maxInFlight: 6, serviceMs: () => 10 });
    for (const host of ['a', 'b', 'c']) bench.add(host, 20);
    bench.scheduler.pump();
    await bench.clock.advance(95);
    const counts = ['a', 'b', 'c'].map((host) => bench.ids(host).length);
    expect(counts).toEqual([20, 20, 20]);
    expect(bench.hosts().slice(0, 6)).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
  });

  it('that nobody wants any more are dropped unsent when their turn comes', () => {
    const bench = new SchedulerBench(() => new FixedLimit(1));
    const rows = bench.add('a', 3);
    bench.scheduler.pump();
    for (const row of rows.slice(1)) row.dropped = true;
    bench.started[0]?.end();
    expect(bench.ids()).toEqual([rows[0]?.id]);
    expect(bench.scheduler.queued).toBe(0);
  });

  it('that come back are sent before the rest of their host', () => {
    const bench = new SchedulerBench(() => new FixedLimit(1));
    const [first, second] = bench.add('a', 2);
    bench.scheduler.pump();
    bench.started[0]?.end();
    bench.scheduler.again('a', first as never, 0);
    bench.started[1]?.end();
    expect(bench.ids()).toEqual([first?.id, second?.id, first?.id]);
  });

  it('that come back later hold no permit and no place meanwhile', async () => {
    const bench = new SchedulerBench(() => new FixedLimit(1), { serviceMs: () => 10 });
    const [row] = bench.add('a', 1);
    bench.scheduler.pump();
    await bench.clock.advance(10);
    bench.scheduler.again('a', row as never, 500);
    bench.add('a', 3);
    bench.scheduler.pump();
    await bench.clock.advance(499);
    expect(bench.ids()).toHaveLength(4);
    await bench.clock.advance(1);
    expect(bench.started.at(-1)).toMatchObject({ row, atMs: 510 });
  });
});

describe('a host', () => {
  it('that asked for a pause delays nobody else', async () => {
    const bench = new SchedulerBench(() => new FixedLimit(2), { maxInFlight: 3, serviceMs: () => 10 });
    bench.add('a', 1);
    bench.scheduler.pump();
    (bench.limits.get('a') as FixedLimit).onResult(0, RATE, 0);
    bench.add('a', 50);
    bench.add('b', 10);
    bench.scheduler.pump();
    await bench.clock.advance(60);
    expect(bench.ids('b')).toHaveLength(10);
    expect(bench.ids('a')).toHaveLength(1);
  });

  it('that asked for a pause is asked again exactly when it is over', async () => {
    const bench = new SchedulerBench(() => new FixedLimit(4));
    bench.add('a', 3);
    bench.scheduler.pump();
    for (const { end } of bench.started.slice(0, 3)) end(RATE);
    bench.add('a', 2);
    bench.scheduler.pump();
    await bench.clock.advance(2999);
    expect(bench.started).toHaveLength(3);
    await bench.clock.advance(1);
    expect(bench.started.slice(3).map(({ atMs }) => atMs)).toEqual([3000, 3000]);
  });

  it('whose limit was raised by a tick starts exactly the difference', async () => {
    const limit = new MovableLimit(2);
    limit.onTick = (self) => {
      self.permits = 5;
      return { from: 'a', to: 'b', reason: 'test', permits: 5, requestsPerSecond: 1 };
    };
    const bench = new SchedulerBench(() => limit);
    bench.add('a', 10);
    limit.nextTickMs = 1000;
    bench.scheduler.pump();
    await bench.clock.advance(999);
    expect(bench.started).toHaveLength(2);
    await bench.clock.advance(1);
    expect(bench.started).toHaveLength(5);
    expect(bench.transitions).toBe(1);
  });

  it('whose limit was lowered drains: nothing is cut off, nothing starts until it fits', () => {
    const limit = new MovableLimit(5);
    const bench = new SchedulerBench(() => limit);
    bench.add('a', 10);
    bench.scheduler.pump();
    limit.permits = 2;
    for (const { end } of bench.started.slice(0, 3)) end();
    expect(bench.started).toHaveLength(5);
    bench.started[3]?.end();
    expect(bench.started).toHaveLength(6);
  });

  it('with a rate gets its sends evenly, no burst after a quiet minute', async () => {
    const bench = new SchedulerBench(() => new FixedLimit(100, 10), { serviceMs: () => 1 });
    bench.add('a', 1);
    bench.scheduler.pump();
    await bench.clock.advance(60_000);
    bench.add('a', 5);
    bench.scheduler.pump();
    await bench.clock.advance(1000);
    expect(bench.started.map(({ atMs }) => atMs)).toEqual([0, 60_000, 60_100, 60_200, 60_300, 60_400]);
  });

  it('that the law has shut for good ends its rows instead of keeping them for ever', () => {
    const bench = new SchedulerBench(() => new MovableLimit(0));
    bench.add('a', 3);
    bench.scheduler.pump();
    expect(bench.refused).toHaveLength(3);
    expect(bench.scheduler.queued).toBe(0);
  });

  it('whose limit asks to think at once, always, does not hang the process', async () => {
    const limit = new MovableLimit(1);
    limit.onTick = (self, nowMs) => {
      self.nextTickMs = nowMs;
      return undefined;
    };
    limit.nextTickMs = 0;
    const bench = new SchedulerBench(() => limit, { serviceMs: () => 5 });
    bench.add('a', 3);
    bench.scheduler.pump();
    await bench.clock.advance(50);
    expect(bench.started).toHaveLength(3);
  });

  it('learns of a result even if nothing of it is queued any more', () => {
    const limit = new MovableLimit(1);
    const bench = new SchedulerBench(() => limit);
    bench.add('a', 1);
    bench.scheduler.pump();
    bench.started[0]?.end(RATE);
    expect(limit.results.map(({ outcome }) => outcome)).toEqual([RATE]);
  });
});

describe('a host that is down', () => {
  const breaker = { failures: 3, spanMs: 100, probeMs: 60_000 };

  it('has its rows refused, and one let through per minute', async () => {
    const bench = new SchedulerBench(() => new FixedLimit(1), { breaker });
    bench.add('a', 4);
    bench.scheduler.pump();
    const lane = [...bench.scheduler.lanes()][0];
    for (const atMs of [0, 50, 100]) lane?.breaker.onFailure(atMs);
    bench.started[0]?.end();
    expect(bench.refused).toHaveLength(3);
    await bench.clock.advance(60_101);
    const [probe] = bench.add('a', 2);
    bench.scheduler.pump();
    expect(bench.started.at(-1)?.row).toBe(probe);
    bench.started.at(-1)?.end();
    expect(bench.refused).toHaveLength(4);
  });
});

describe('the stage', () => {
  it('starts nothing while its consumer is full, and goes on at once when it is not', () => {
    const bench = new SchedulerBench(() => new FixedLimit(10));
    bench.scheduler.hold(true);
    bench.add('a', 3);
    bench.scheduler.pump();
    expect(bench.started).toHaveLength(0);
    expect(bench.hungry).toBe(0);
    bench.scheduler.hold(false);
    expect(bench.started).toHaveLength(3);
    expect(bench.hungry).toBe(1);
  });

  it('counts a full consumer and the global cap as its own slowness, not the hosts', async () => {
    const bench = new SchedulerBench(() => new FixedLimit(10), { maxInFlight: 2 });
    bench.add('a', 5);
    bench.scheduler.pump();
    await bench.clock.advance(1000);
    expect(bench.load.read().clientLimited).toBeCloseTo(1);
    for (const { end } of bench.started.slice(0, 2)) end();
    for (const { end } of bench.started.slice(2, 4)) end();
    await bench.clock.advance(1000);
    bench.load.read();
    await bench.clock.advance(1000);
    expect(bench.load.read().clientLimited).toBe(0);
  });

  it('asks for more rows when there is room and nothing queued can use it', async () => {
    const bench = new SchedulerBench(() => new FixedLimit(1));
    bench.add('slow', 5);
    bench.scheduler.pump();
    expect(bench.hungry).toBe(1);
  });

  it('does not ask for more rows at its cap', () => {
    const bench = new SchedulerBench(() => new FixedLimit(10), { maxInFlight: 2 });
    bench.add('a', 2);
    bench.scheduler.pump();
    expect(bench.hungry).toBe(0);
  });

  it('starts nothing more and keeps no timer once closed', async () => {
    const bench = new SchedulerBench(() => new FixedLimit(1, 1));
    bench.add('a', 5);
    bench.scheduler.pump();
    bench.scheduler.close();
    expect(bench.clock.pending).toBe(0);
    bench.started[0]?.end();
    await bench.clock.advance(10_000);
    expect(bench.started).toHaveLength(1);
  });

  it('keeps what it learned about a bounded number of idle hosts', async () => {
    const bench = new SchedulerBench(() => new FixedLimit(1), { serviceMs: () => 1 });
    for (let host = 0; host < 10_000; host += 1) {
      bench.add(`h${host}`);
      if (host % 500 === 499) {
        bench.scheduler.pump();
        await bench.clock.advance(2);
      }
    }
    expect(bench.started).toHaveLength(10_000);
    expect([...bench.scheduler.lanes()].length).toBeLessThanOrEqual(4096);
  });

  it('does not forget a host that still has a retry to come', async () => {
    const bench = new SchedulerBench(() => new FixedLimit(1), { serviceMs: () => 1 });
    const [row] = bench.add('kept');
    bench.scheduler.pump();
    await bench.clock.advance(1);
    bench.scheduler.again('kept', row as never, 60_000);
    for (let host = 0; host < 5000; host += 1) bench.add(`h${host}`);
    bench.scheduler.pump();
    await bench.clock.advance(100);
    bench.limits.delete('kept');
    await bench.clock.advance(60_000);
    expect(bench.started.at(-1)?.row).toBe(row);
    expect(bench.limits.has('kept')).toBe(false);
  });

  it('sets one timer however many hosts wait', () => {
    const bench = new SchedulerBench(() => new FixedLimit(1, 0.1));
    for (let host = 0; host < 100; host += 1) bench.add(`h${host}`, 2);
    bench.scheduler.pump();
    for (const { end } of bench.started.slice(0, 100)) end();
    expect(bench.clock.pending).toBe(1);
  });
});
