import { describe, expect, it } from 'vitest';
import { OpenDeliveries } from '../../../src/cluster/work-on-job.ts';
import type { UnitRecord } from '../../../src/record.ts';
import type { Delivery } from '../../../src/transport/transport.ts';
import { makeUnit } from '../../support/units.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

function trial() {
  const clock = new VirtualClock();
  const said: string[] = [];
  const aborts: AbortController[] = [];
  const next = async (): Promise<Delivery> => {
    const abort = new AbortController();
    const n = aborts.push(abort);
    const unit = makeUnit([{ url: `http://a.test/${n}` }]);
    const note = (what: string) => async () => void said.push(`${what} ${n}`);
    return {
      unit,
      attempt: 1,
      errors: 0,
      signal: abort.signal,
      ack: note('ack'),
      nak: note('nak'),
      fail: note('fail'),
    };
  };
  const commit = async (record: UnitRecord) => ({ won: true, record });
  const channel = { next, commit, record: async () => undefined };
  return { clock, said, aborts, deliveries: new OpenDeliveries(channel, clock) };
}

describe('the units in the hands of a worker', () => {
  it('are those that were taken and neither settled nor taken away', async () => {
    const { aborts, deliveries } = trial();
    const [first, second, third, fourth] = [
      await deliveries.next(),
      await deliveries.next(),
      await deliveries.next(),
      await deliveries.next(),
    ];
    await first?.ack();
    await second?.fail(new Error('broken'));
    aborts[2]?.abort();
    expect(deliveries.units).toEqual([fourth?.unit.id]);
    expect(deliveries.taken).toBe(4);
    expect(third?.signal.aborted).toBe(true);
  });

  it('are handed back once, when the worker leaves', async () => {
    const { said, deliveries } = trial();
    const first = await deliveries.next();
    await deliveries.next();
    await first?.ack();
    expect(await deliveries.giveBack()).toBe(1);
    expect(await deliveries.giveBack()).toBe(0);
    expect(said).toEqual(['ack 1', 'nak 2']);
  });

  it('count as idle time from the moment that the last of them was settled', async () => {
    const { clock, deliveries } = trial();
    await clock.advance(500);
    expect(deliveries.idleMs).toBe(500);
    const delivery = await deliveries.next();
    await clock.advance(9_000);
    expect(deliveries.idleMs).toBe(0);
    await delivery?.ack();
    await clock.advance(250);
    expect(deliveries.idleMs).toBe(250);
  });

  it('go back to the queue at once where they are to be somebody else’s', async () => {
    const { said, deliveries } = trial();
    await deliveries.next();
    const second = await deliveries.next();
    second?.pass?.();
    await Promise.resolve();
    expect(said).toEqual(['nak 2']);
    expect(deliveries.units).toHaveLength(1);
  });

  it('grow no more for a while after some were handed back, or they would be the same again', async () => {
    const { clock, deliveries } = trial();
    const first = await deliveries.next();
    deliveries.holdFor(3_000);
    let taken = 0;
    const taking = deliveries.next().then(() => (taken += 1));
    await clock.advance(2_900);
    expect(taken).toBe(0);
    await clock.advance(100);
    await taking;
    deliveries.holdFor(3_000);
    await first?.ack();
    expect(deliveries.units).toHaveLength(1);
  });

  it('are taken again at once by who has none left', async () => {
    const { deliveries } = trial();
    const first = await deliveries.next();
    deliveries.holdFor(3_000);
    const taking = deliveries.next();
    await first?.ack();
    expect((await taking)?.unit).toBeDefined();
  });
});
