import { describe, expect, it } from 'vitest';
import { FixedLimit } from '../../../../../src/paarc/limit.ts';
import { connectAtMs } from '../../../../../src/stages/fetch/schedule/turns.ts';
import { SchedulerBench } from './scheduler-bench.ts';

function benchOf(permits: number, options: { maxInFlight?: number } = {}): SchedulerBench {
  return new SchedulerBench(() => new FixedLimit(permits), { ...options, needsConnections: true });
}

function addHosts(bench: SchedulerBench, count: number): void {
  for (let at = 0; at < count; at++) bench.add(`h${at}.test`);
}

describe('connections', () => {
  it('are begun eight at a time, so that those being made are not kept waiting', async () => {
    const bench = benchOf(10);
    addHosts(bench, 20);
    bench.scheduler.pump();
    expect(bench.started).toHaveLength(8);
    bench.scheduler.pump();
    expect(bench.started).toHaveLength(8);
    await bench.clock.advance(0);
    expect(bench.hosts()).toEqual(Array.from({ length: 20 }, (_, at) => `h${at}.test`));
  });

  it('that are there are used meanwhile', async () => {
    const bench = benchOf(10);
    bench.add('warm.test');
    bench.scheduler.pump();
    await bench.clock.advance(0);
    bench.started[0]?.end();
    addHosts(bench, 20);
    bench.add('warm.test');
    bench.scheduler.pump();
    expect(bench.hosts().filter((host) => host === 'warm.test')).toHaveLength(2);
    expect(bench.started).toHaveLength(1 + 7 + 1);
  });

  it('to spare go first, but leave every other place to hosts that have none', async () => {
    const bench = benchOf(1, { maxInFlight: 1 });
    bench.add('warm.test', 10);
    for (let at = 0; at < 4; at++) bench.add(`h${at}.test`);
    bench.scheduler.pump();
    for (let at = 0; at < 9; at++) {
      bench.started.at(-1)?.end();
      await bench.clock.advance(0);
    }
    const warm = bench.hosts().filter((host) => host === 'warm.test').length;
    expect(warm).toBeGreaterThanOrEqual(5);
    expect(bench.hosts().filter((host) => host.startsWith('h'))).toHaveLength(4);
  });

  it('of one host are as many as its rows call for', async () => {
    const bench = benchOf(100);
    bench.add('a.test', 40);
    bench.scheduler.pump();
    await bench.clock.advance(0);
    // Four rows wait for each of those that are in flight.
    expect([bench.started.length, bench.scheduler.queued]).toEqual([9, 31]);
  });

  it('become more when none of a slow host has become free for a while', async () => {
    const bench = benchOf(100);
    bench.add('a.test', 3);
    bench.scheduler.pump();
    await bench.clock.advance(249);
    expect(bench.started).toHaveLength(1);
    await bench.clock.advance(1);
    expect(bench.started).toHaveLength(2);
    await bench.clock.advance(250);
    expect(bench.started.map(({ atMs }) => atMs)).toEqual([0, 250, 500]);
  });

  it('need no clock while a host waits for its first, however often its limit wants to think', async () => {
    let ticks = 0;
    class Restless extends FixedLimit {
      override readonly nextTickMs = 0 as never;
      override tick(): undefined {
        ticks += 1;
      }
    }
    const bench = new SchedulerBench(() => new Restless(4), { needsConnections: true });
    addHosts(bench, 9);
    bench.scheduler.pump();
    const { started, scheduler, clock } = bench;
    for (const { end } of [...started]) end();
    expect(started).toHaveLength(8);
    scheduler.hold(true);
    ticks = 0;
    await clock.advance(1000);
    expect(ticks).toBe(0);
    scheduler.hold(false);
    expect(bench.hosts()).toContain('h8.test');
  });

  it('do not outlive the scheduler', () => {
    const bench = benchOf(10);
    addHosts(bench, 20);
    bench.scheduler.pump();
    bench.scheduler.close();
    expect(bench.clock.pending).toBe(0);
  });
});

describe('one more connection to a host', () => {
  it.each([
    ['is begun at once when it has none', 0, 1, 900, 1000],
    ['is begun at once for four rows of each request', 3, 12, 900, 1000],
    ['waits for one of its own to become free', 3, 11, 900, 1150],
    ['is begun when none of them did', 3, 1, 700, 1000],
  ])('%s', (_title, inFlight, waiting, openedAtMs, expectedMs) => {
    expect(connectAtMs(inFlight, waiting, openedAtMs, 1000)).toBe(expectedMs);
  });
});
