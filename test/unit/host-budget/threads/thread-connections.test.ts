import { describe, expect, it } from 'vitest';
import { trial } from './desk-trial.ts';

/** What the trial's controllers allow at once. */
const PERMITS = 3;

describe('the connections of a thread', () => {
  it('are told of when another thread has too few, wherever its rows are', async () => {
    const { desk, thread } = trial();
    const [one, two] = [thread(1), thread(2)];
    const limits = [desk.here.create('a.test', {}, () => {}), one.joined('a.test'), two.joined('a.test')];
    const asked: number[] = [];
    limits.forEach((limit, at) => void limit.connections?.onAsked(() => void asked.push(at)));
    const [here, first, second] = limits.map(({ connections }) => connections);
    for (let at = 0; at < PERMITS; at++) expect(first?.open()).toBe(true);
    expect(asked).toEqual([]);
    limits[2]?.tick(0, { inFlight: 0, waiting: 5, eventLoopUtilization: 0, clientLimited: 0 });
    expect(second?.open()).toBe(false);
    two.deliver();
    one.deliver();
    expect(asked).toEqual([0, 1]);
    expect([here?.mustYield(), first?.mustYield()]).toEqual([true, true]);
    first?.yielding();
    first?.yielded();
    expect(second?.open()).toBe(true);
  });

  it('are asked for again only after a while, and less often the longer it takes', async () => {
    const { clock, desk, thread } = trial();
    const one = thread(1);
    const here = desk.here.create('a.test', {}, () => {});
    const limit = one.joined('a.test');
    while (here.connections?.open() === true);
    let asked = 0;
    here.connections?.onAsked(() => {
      asked += 1;
    });
    for (let ms = 0; ms < 2000; ms += 4) {
      limit.connections?.open();
      one.deliver();
      await clock.advance(4);
    }
    expect(asked).toBeGreaterThanOrEqual(5);
    expect(asked).toBeLessThanOrEqual(8);
  });

  it('that are for the other scheme of a host make room for those that it needs now', () => {
    const { desk } = trial();
    const limit = desk.here.create('a.test', {}, () => {});
    while (limit.connections?.open() === true);
    const inTheWay: boolean[] = [];
    limit.connections?.onAsked(() => {
      inTheWay.push(limit.connections?.mustYield() === true);
      limit.connections?.yielding();
      limit.connections?.yielded();
      inTheWay.push(limit.connections?.mustYield() === true);
    });
    expect(limit.connections?.open()).toBe(false);
    expect(inTheWay).toEqual([true, false]);
    expect(limit.connections?.open()).toBe(true);
  });

  it('count no more after it has left the host', () => {
    const { desk, table, thread } = trial();
    const one = thread(1);
    const here = desk.here.create('a.test', {}, () => {});
    const limit = one.joined('a.test');
    while (limit.connections?.open() === true);
    one.line.limits.retire('a.test', limit);
    one.deliver();
    limit.connections?.closed();
    expect(table.connections.all(0)).toBe(0);
    expect(here.connections?.open()).toBe(true);
  });
});
