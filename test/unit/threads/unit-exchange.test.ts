import { describe, expect, it } from 'vitest';
import { createLocalCommitter } from '../../../src/job/local-committer.ts';
import { UnitExchange, type UnitTaker } from '../../../src/threads/unit-exchange.ts';
import { createInProcessChannel } from '../../../src/transport/in-process/in-process-transport.ts';
import type { FromChannel } from '../../../src/transport/threads/messages.ts';
import { serveChannel } from '../../../src/transport/threads/serve-channel.ts';
import type { Delivery } from '../../../src/transport/transport.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { makeUnits, recordOf } from '../../support/units.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

async function setUp(units: number) {
  const committer = createLocalCommitter(await tempFolder());
  const channel = createInProcessChannel({ committer, clock: new VirtualClock(), rollForward: async () => {} });
  const drain = new AbortController();
  const exchange = new UnitExchange(channel, drain.signal);
  for (const unit of makeUnits(units)) await channel.publish(unit);
  await channel.seal(units);
  return { channel, exchange, drain, first: exchange.join(), second: exchange.join() };
}

async function take(taker: UnitTaker): Promise<Delivery> {
  const delivery = await taker.next();
  if (delivery === undefined) throw new Error('expected a unit');
  return delivery;
}

async function finish(taker: UnitTaker, delivery: Delivery): Promise<void> {
  await taker.commit(recordOf(delivery.unit));
  await delivery.ack();
}

describe('units between the threads of a process', () => {
  it('go to the one that has none and waits, as the same delivery', async () => {
    const { exchange, first, second } = await setUp(2);
    const [begun, spare] = [await take(first), await take(first)];
    const waiting = second.next();
    expect([first.units, second.units, second.isStarved]).toEqual([2, 0, true]);
    spare.pass?.();
    const passed = await waiting;
    expect(passed).toMatchObject({ unit: spare.unit, attempt: 1, errors: 0 });
    expect([first.units, second.units, exchange.waiting]).toEqual([1, 1, 0]);
    await finish(second, passed as Delivery);
    await finish(first, begun);
    expect(await Promise.all([first.next(), second.next()])).toEqual([undefined, undefined]);
  });

  it('go past one that has some and asks for more to the one that has none', async () => {
    const { exchange, first, second } = await setUp(4);
    const third = exchange.join();
    const [, one, other] = [await take(first), await take(first), await take(first)];
    await take(second);
    let more = 0;
    void second.next().then(() => (more += 1));
    const waiting = third.next();
    one.pass?.();
    expect((await waiting)?.unit.id).toBe(one.unit.id);
    expect([more, third.units]).toEqual([0, 1]);
    other.pass?.();
    await expect.poll(() => more).toBe(1);
  });

  it('do not come back to the one that passed them on while another has nothing', async () => {
    const { first, second, exchange } = await setUp(2);
    const [, spare] = [await take(first), await take(first)];
    spare.pass?.();
    let came = false;
    const again = first.next().then((delivery) => {
      came = true;
      return delivery;
    });
    await Promise.resolve();
    expect([came, exchange.waiting]).toEqual([false, 1]);
    const passed = await take(second);
    expect(passed.unit.id).toBe(spare.unit.id);
    passed.pass?.();
    // Now the second has nothing, and passed it on itself: the first takes it.
    expect((await again)?.unit.id).toBe(spare.unit.id);
  });

  it('come back to the one that passed them on when the other is gone', async () => {
    const { first, second } = await setUp(1);
    const spare = await take(first);
    spare.pass?.();
    const again = first.next();
    second.leave();
    expect((await again)?.unit.id).toBe(spare.unit.id);
  });

  it('go back to the channel when nothing more is taken, those passed on later too', async () => {
    const { first, drain, exchange, channel } = await setUp(2);
    const [one, other] = [await take(first), await take(first)];
    one.pass?.();
    expect((await channel.status()).inFlight).toBe(2);
    drain.abort(new Error('enough'));
    other.pass?.();
    expect([exchange.waiting, (await channel.status()).inFlight, channel.waiting]).toEqual([0, 0, 2]);
  });

  it('are forgotten when they are nobody’s any more', async () => {
    const { first, second, channel, exchange } = await setUp(1);
    const spare = await take(first);
    spare.pass?.();
    channel.expireLease(spare.unit.id);
    expect(await take(second)).toMatchObject({ unit: { id: spare.unit.id }, attempt: 2 });
    expect([first.units, second.units, exchange.waiting]).toEqual([0, 1, 0]);
  });

  it('that a thread passes on over its line are passed on, and not given back as well', async () => {
    const { first, second, channel } = await setUp(1);
    const told: FromChannel[] = [];
    const served = serveChannel(first, { post: (message) => void told.push(message as FromChannel) });
    served.receive({ op: 'next', call: 1 });
    await expect.poll(() => told).toMatchObject([{ op: 'unit', call: 1 }]);
    served.receive({ op: 'pass', lease: (told[0] as FromChannel & { op: 'unit' }).lease });
    expect(await take(second)).toMatchObject({ attempt: 1 });
    expect([channel.waiting, (await channel.status()).inFlight]).toEqual([0, 1]);
  });

  it('are passed on once, and not after they were ended', async () => {
    const { first, exchange } = await setUp(1);
    const delivery = await take(first);
    await finish(first, delivery);
    delivery.pass?.();
    delivery.pass?.();
    expect([exchange.waiting, first.units]).toEqual([0, 0]);
  });

  it('that are suspected are begun one at a time over all threads', async () => {
    const { exchange, first, second } = await setUp(3);
    const ids = new Set<string>();
    for (let round = 0; round < 2; round += 1) {
      const all = [await take(first), await take(first), await take(first)];
      for (const delivery of all) {
        if (delivery.unit.id.startsWith('000000')) continue;
        ids.add(delivery.unit.id);
        await delivery.fail(new Error('ended'));
      }
      const good = all.find(({ unit }) => unit.id.startsWith('000000')) as Delivery;
      if (round === 0) await good.nak();
      else await finish(first, good);
    }
    const one = await take(first);
    expect([one.isSuspect, ids.delete(one.unit.id)]).toEqual([true, true]);
    let came = false;
    const waiting = second.next().then((delivery) => {
      came = true;
      return delivery;
    });
    await expect.poll(() => exchange.waiting).toBe(1);
    expect(came).toBe(false);
    await finish(first, one);
    const other = (await waiting) as Delivery;
    expect([other.isSuspect, ids.has(other.unit.id)]).toEqual([true, true]);
    await finish(second, other);
    expect(await Promise.all([first.next(), second.next()])).toEqual([undefined, undefined]);
  });
});
