import { describe, expect, it } from 'vitest';
import type { Limit, Load, Outcome, SendToken } from '../../../../src/paarc/limit.ts';
import { SchedulerBench } from '../../stages/fetch/schedule/scheduler-bench.ts';
import { trial } from './desk-trial.ts';

const OK: Outcome = { kind: 'ok', headersMs: 5, serviceMs: 10, bytes: 100 };
const LOAD: Load = { inFlight: 0, waiting: 5, eventLoopUtilization: 0.5, clientLimited: 0 };

function send(limit: Limit, nowMs: number): SendToken | undefined {
  return limit.acquire?.(nowMs, nowMs) === true ? limit.onSend(nowMs, 1) : undefined;
}

describe('the controller of a host that several threads send to', () => {
  it('is one for all of them, made by the first and retired when the last has left', () => {
    const { desk, made, retired, thread } = trial();
    const [one, two] = [thread(1), thread(2)];
    const here = desk.here.create('a.test', {}, () => {});
    const limits = [one.joined('a.test'), two.joined('a.test')];
    expect(made.size).toBe(1);
    expect([here, ...limits].map(({ permits }) => permits)).toEqual([3, 3, 3]);
    desk.here.retire('a.test', here);
    one.line.limits.retire('a.test', limits[0] as Limit);
    one.deliver();
    expect(retired).toEqual([]);
    two.line.limits.retire('a.test', limits[1] as Limit);
    two.deliver();
    expect(retired).toEqual(['a.test']);
    expect(one.joined('a.test').permits).toBe(3);
    expect(made.size).toBe(1);
  });

  it('hears of every request of every thread once, in its own time, with what was in flight when it left', async () => {
    const { clock, desk, thread, limitOf } = trial();
    const one = thread(1);
    const here = desk.here.create('a.test', {}, () => {});
    const there = one.joined('a.test');
    await clock.advance(50);
    const first = send(there, 50) as SendToken;
    await clock.advance(2);
    const second = send(here, 52) as SendToken;
    there.onResult(first, OK, 53);
    here.onResult(second, OK, 54);
    one.deliver();
    // The thread's send of 50 is told at 52, when the controller has heard of 54 already.
    expect(limitOf('a.test').heard).toEqual([
      ['send', 52, 2],
      ['ok', 54],
      ['send', 54, 1],
      ['ok', 54],
    ]);
    expect(limitOf('a.test').out.size).toBe(0);
  });

  it('is told that a host refuses everything by denials that no thread has enough of, and so are the threads', () => {
    const { thread, limitOf } = trial();
    const threads = [thread(1), thread(2)];
    const limits = threads.map((one) => one.joined('a.test'));
    const exchange = (at: number, outcome: Outcome): void => {
      const limit = limits[at % 2] as Limit;
      limit.onResult(send(limit, 10 * at) as SendToken, outcome, 10 * at + 5);
      for (const one of threads) one.deliver();
    };
    for (let at = 0; at < 100; at++) exchange(at, OK);
    expect(limits.map(({ refusesAll }) => refusesAll)).toEqual([false, false]);
    for (let at = 100; at < 114; at++) exchange(at, { kind: 'neutral', isDenied: true });
    expect(limits.map(({ refusesAll }) => refusesAll)).toEqual([true, true]);
    expect(limitOf('a.test').heard.at(-1)?.[0]).toBe('rate');
    exchange(114, OK);
    expect(limits.map(({ refusesAll }) => refusesAll)).toEqual([false, false]);
  });

  it('is obeyed by all threads as soon as it has decided, also when it moves by itself', () => {
    const { desk, made, thread, limitOf } = trial();
    const there = thread(1).joined('a.test');
    const here = desk.here.create('a.test', {}, () => {});
    limitOf('a.test').permits = 1;
    expect(send(there, 10)).toBeDefined();
    expect(send(there, 10)).toBeDefined();
    made.get('a.test')?.onChange();
    expect([send(there, 10), send(here, 10)]).toEqual([undefined, undefined]);
    Object.assign(limitOf('a.test'), { permits: 9, goodUntilMs: 500 });
    made.get('a.test')?.onChange();
    expect(send(here, 499)).toBeDefined();
    expect(send(here, 500)).toBeUndefined();
    Object.assign(limitOf('a.test'), { pauseUntilMs: 450, goodUntilMs: 900 });
    made.get('a.test')?.onChange();
    expect([send(here, 449), there.pauseUntilMs]).toEqual([undefined, 450]);
  });

  it('revokes what every thread has in flight, and nobody gets a permit before that', () => {
    const { desk, made, thread, limitOf } = trial();
    const one = thread(1);
    const there = one.joined('a.test');
    const attempts: (SendToken | undefined)[] = [];
    const here = desk.here.create('a.test', {}, () => void attempts.push(send(here, 20)));
    expect(send(there, 10)).toBeDefined();
    limitOf('a.test').permits = 0;
    made.get('a.test')?.revoke();
    one.deliver();
    expect(attempts).toEqual([undefined]);
    expect(one.revoked).toEqual(['a.test']);
  });

  it('loses nothing with a thread that has ended: its requests taught nothing, its permits are free again', async () => {
    const { clock, desk, thread, limitOf, retired, table } = trial();
    const one = thread(1);
    const here = desk.here.create('a.test', {}, () => {});
    const there = one.joined('a.test');
    const alone = one.joined('b.test');
    for (let sent = 0; sent < 3; sent += 1) expect(send(there, 5)).toBeDefined();
    expect(send(alone, 5)).toBeDefined();
    one.deliver();
    // One more whose sending is never told.
    expect(send(alone, 6)).toBeDefined();
    expect(send(here, 7)).toBeUndefined();
    await clock.advance(20);
    desk.lose(1);
    expect(limitOf('a.test').heard.filter(([what]) => what === 'neutral')).toHaveLength(3);
    expect(limitOf('b.test').out.size).toBe(0);
    expect(retired).toEqual(['b.test']);
    expect([table.inFlight(0), table.inFlight(1)]).toEqual([0, 0]);
    for (let sent = 0; sent < 3; sent += 1) expect(send(here, 21)).toBeDefined();
  });

  it('ignores the late end of a request when its host has been left and its place belongs to another one', () => {
    const { desk, thread, limitOf } = trial();
    const [one, two] = [thread(1), thread(2)];
    const there = one.joined('a.test');
    const token = send(there, 5) as SendToken;
    one.deliver();
    // The stage ends with a request under way: the host is left when that has ended too.
    one.line.limits.retire('a.test', there);
    one.deliver();
    const other = two.joined('b.test');
    expect(send(other, 6)).toBeDefined();
    there.onResult(token, { kind: 'neutral' }, 7);
    one.deliver();
    expect(limitOf('a.test').heard.at(-1)).toEqual(['neutral', 7]);
    expect(other.permits).toBe(3);
    expect(desk.look('a.test')).toBeUndefined();
  });

  it('does not take a place meant for an earlier use of a host, when the host was left and joined again meanwhile', () => {
    const { thread, table } = trial();
    const [one, two] = [thread(1), thread(2)];
    one.line.limits.retire('a.test', one.join('a.test'));
    one.deliverToDesk();
    const other = two.joined('b.test');
    const second = one.join('a.test');
    one.deliver();
    expect(send(second, 5)).toBeDefined();
    expect(send(other, 5)).toBeDefined();
    expect([table.inFlight(0), table.inFlight(1)]).toEqual([1, 1]);
  });

  it('is waited for when all places are taken, and whoever waited gets the next one that is free', () => {
    const { desk, thread } = trial(2);
    const [one, two] = [thread(1), thread(2)];
    const taken = [one.joined('a.test'), one.joined('b.test')];
    const [third, also] = [one.joined('c.test'), two.joined('c.test')];
    const fourth = two.joined('d.test');
    const gone = desk.here.create('e.test', {}, () => {});
    expect([third, also, fourth, gone].map((limit) => [limit.permits, send(limit, 5)])).toEqual(
      Array.from({ length: 4 }, () => [0, undefined]),
    );
    // Not for good: the rows wait.
    expect(third.nextTickMs).toBeLessThan(Number.POSITIVE_INFINITY);
    one.line.limits.retire('a.test', taken[0] as Limit);
    one.deliver();
    two.deliver();
    expect([third.permits, also.permits, fourth.permits]).toEqual([3, 3, 0]);
    two.line.limits.retire('d.test', fourth);
    desk.lose(2);
    one.line.limits.retire('b.test', taken[1] as Limit);
    one.deliver();
    expect(gone.permits).toBe(3);
  });

  it('thinks when its time has come, with the rows that wait in all threads, and rests while nobody is there', async () => {
    const { clock, desk, thread, limitOf } = trial();
    const one = thread(1);
    const there = one.joined('a.test');
    const here = desk.here.create('a.test', {}, () => {});
    limitOf('a.test').nextTickMs = 30;
    there.tick(0, { ...LOAD, waiting: 4 });
    here.tick(0, { ...LOAD, waiting: 2 });
    one.deliver();
    await clock.advance(40);
    expect(limitOf('a.test').loads).toMatchObject([{ inFlight: 0, waiting: 6 }]);
    const tokens = [send(here, 40), send(there, 40)] as SendToken[];
    one.deliver();
    await clock.advance(100);
    expect(limitOf('a.test').loads[1]).toMatchObject({ inFlight: 2, waiting: 4, eventLoopUtilization: 0.5 });
    here.tick(140, { ...LOAD, waiting: 0 });
    there.tick(140, { ...LOAD, waiting: 0 });
    here.onResult(tokens[0] as SendToken, OK, 140);
    there.onResult(tokens[1] as SendToken, OK, 140);
    one.deliver();
    await clock.advance(5_000);
    const { length } = limitOf('a.test').loads;
    expect(length).toBeLessThan(5);
    there.tick(clock.nowMs(), { ...LOAD, waiting: 1 });
    one.deliver();
    await clock.advance(150);
    expect(limitOf('a.test').loads.length).toBeGreaterThan(length);
  });

  it.each(['skipped', 'dropped'])('has no rows that wait when those of a thread were %s', async (how) => {
    const { desk } = trial();
    const bench = new SchedulerBench((host) => desk.here.create(host, {}, () => {}));
    const rows = bench.add('a.test', 9);
    bench.scheduler.pump();
    await bench.clock.advance(500);
    expect(desk.hosts()).toMatchObject([{ host: 'a.test', inFlight: 3, waiting: 6 }]);
    for (const row of rows) row.dropped = how === 'dropped';
    bench.scheduler.skip('a.test', how === 'skipped');
    for (const { end } of bench.started) end();
    expect([bench.scheduler.queued, bench.started.length, desk.hosts()]).toEqual([0, 3, []]);
  });

  it('is asked to be quiet by all threads at once when one of them is, and decides how long that lasts', () => {
    const { desk, thread, limitOf } = trial();
    const one = thread(1);
    const there = one.joined('a.test');
    const here = desk.here.create('a.test', {}, () => {});
    const token = send(there, 5) as SendToken;
    there.onResult(token, { kind: 'rate', serviceMs: 2, retryAfterMs: 400 }, 7);
    // Before the desk has heard of it.
    expect([send(here, 406), here.pauseUntilMs]).toEqual([undefined, 407]);
    limitOf('a.test').pauseUntilMs = 100;
    one.deliver();
    expect(here.pauseUntilMs).toBe(100);
    expect(send(here, 100)).toBeDefined();
  });
});
