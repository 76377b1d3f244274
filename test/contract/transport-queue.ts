import { expect, it } from 'vitest';
import { makeUnits, recordOf } from '../support/units.ts';
import { all, expectNothing, type Open, pair, type TransportHarness, take, takeAll } from './transport-harness.ts';

export function describeQueue(harness: TransportHarness, open: Open): void {
  it('delivers every published unit once, with its rows', async () => {
    const { channel } = await open();
    const units = makeUnits(5, 3);
    for (const unit of units) await channel.publish(unit);
    const deliveries = await takeAll(channel, 5);
    expect(deliveries.map((delivery) => delivery.unit.id).sort()).toEqual(units.map((unit) => unit.id));
    expect(deliveries.map((delivery) => delivery.attempt)).toEqual([1, 1, 1, 1, 1]);
    expect(deliveries[0]?.unit.rows.numRows).toBe(3);
    expect(deliveries[0]?.unit.hosts).toEqual([{ host: 'h.example', rows: 3 }]);
  });

  it('takes a unit that is published twice for one', async () => {
    const { channel, pass } = await open();
    const [unit] = pair();
    await channel.publish(unit);
    await channel.publish(unit);
    await take(channel);
    await channel.publish(unit);
    await expectNothing(channel.next(), pass, harness.quietMs);
    expect(await channel.status()).toMatchObject({ published: 1, inFlight: 1 });
  });

  it('keeps one unit per call in flight and fetches nothing ahead', async () => {
    const { channel } = await open();
    for (const unit of makeUnits(4)) await channel.publish(unit);
    await take(channel);
    expect((await channel.status()).inFlight).toBe(1);
    expect(await takeAll(channel, 3)).toHaveLength(3);
  });

  it('gives a unit to a caller that waited for it', async () => {
    const { channel } = await open();
    const [unit] = pair();
    const waiting = channel.next();
    await channel.publish(unit);
    expect((await waiting)?.unit.id).toBe(unit.id);
  });

  it('loses no unit to a caller that stopped waiting', async () => {
    const { channel } = await open();
    const [unit] = pair();
    const stop = new AbortController();
    const abandoned = channel.next(stop.signal);
    const refused = expect(abandoned).rejects.toThrow('enough');
    stop.abort(new Error('enough'));
    await refused;
    await channel.publish(unit);
    expect((await take(channel)).unit.id).toBe(unit.id);
  });

  it('makes the publisher wait at the high-water mark and loses nothing', async () => {
    const { channel, pass } = await open(3);
    const units = makeUnits(12);
    let published = 0;
    const publishing = (async () => {
      for (const unit of units) {
        await channel.publish(unit);
        published++;
      }
      await channel.seal(units.length);
    })();
    await pass(harness.quietMs);
    expect(published).toBeLessThan(units.length);
    const seen = new Set<string>();
    for (let delivery = await channel.next(); delivery !== undefined; delivery = await channel.next()) {
      seen.add(delivery.unit.id);
      await channel.commit(recordOf(delivery.unit));
      await delivery.ack();
    }
    await publishing;
    expect([...seen].sort()).toEqual(units.map((unit) => unit.id));
  });

  it('lets a waiting publisher give up', async () => {
    const { channel, pass } = await open(1);
    const [first, second] = pair();
    await channel.publish(first);
    const stop = new AbortController();
    const refused = expect(channel.publish(second, stop.signal)).rejects.toThrow('enough');
    await pass(harness.quietMs);
    stop.abort(new Error('enough'));
    await refused;
  });
}

export function describeReturns(harness: TransportHarness, open: Open): void {
  it('delivers a unit again that was handed back, without counting an error', async () => {
    const { channel } = await open();
    await channel.publish(pair()[0]);
    await (await take(channel)).nak();
    const again = await take(channel);
    expect(again).toMatchObject({ attempt: 2, errors: 0 });
    expect((await channel.status()).redelivered).toBe(1);
  });

  it('suspects a unit that ended in two errors, and none that was only handed back', async () => {
    const { channel } = await open();
    await channel.publish(pair()[0]);
    for (let times = 0; times < 3; times += 1) await (await take(channel)).nak();
    const backAgain = await take(channel);
    expect(backAgain).toMatchObject({ attempt: 4, isSuspect: false });
    await backAgain.fail(new Error('first'));
    await (await take(channel)).fail(new Error('second'));
    expect(await take(channel)).toMatchObject({ errors: 2, isSuspect: true });
  });

  it('waits out the delay of a hand-back, also a fractional one', async () => {
    const { channel, nowMs, pass } = await open();
    await channel.publish(pair()[0]);
    const delivery = await take(channel);
    const delayMs = 412.3456789;
    const startMs = nowMs();
    await delivery.nak(delayMs);
    let arrivedMs: number | undefined;
    const again = channel.next().then((value) => {
      arrivedMs = nowMs();
      return value;
    });
    for (let step = 0; step < 20 && arrivedMs === undefined; step++) await pass(50);
    await again;
    const waitedMs = (arrivedMs ?? 0) - startMs;
    expect(waitedMs).toBeGreaterThanOrEqual(delayMs - 50);
    expect(waitedMs).toBeLessThanOrEqual(delayMs + 50 + harness.toleranceMs);
  });

  it('counts thrown unit errors per unit and tells the next holder', async () => {
    const { channel } = await open();
    await channel.publish(pair()[0]);
    await (await take(channel)).fail(new Error('first'));
    const second = await take(channel);
    expect(second).toMatchObject({ attempt: 2, errors: 1 });
    await second.nak();
    await (await take(channel)).fail(new Error('second'));
    expect(await take(channel)).toMatchObject({ attempt: 4, errors: 2 });
  });

  it('keeps a delivery with its holder for as long as the work takes', async () => {
    const { channel, pass } = await open();
    await channel.publish(pair()[0]);
    const delivery = await take(channel);
    await expectNothing(channel.next(), pass, 3 * harness.leaseMs);
    expect(delivery.signal.aborted).toBe(false);
  });

  it('takes a unit from a holder that went silent, tells it and delivers the unit again', async () => {
    const { channel, loseLease } = await open();
    await channel.publish(pair()[0]);
    const lost = await take(channel);
    await loseLease(lost);
    const again = await take(channel);
    expect(again.unit.id).toBe(lost.unit.id);
    expect(again.attempt).toBe(2);
    expect(lost.signal.aborted).toBe(true);
    expect(again.signal.aborted).toBe(false);
  });

  it('lets a late holder ack without harm: the record decides', async () => {
    const { channel, loseLease } = await open();
    await channel.publish(pair()[0]);
    await channel.seal(1);
    const late = await take(channel);
    await loseLease(late);
    const holder = await take(channel);
    const winner = recordOf(holder.unit);
    expect((await channel.commit(winner)).won).toBe(true);
    expect(await channel.commit(recordOf(late.unit))).toMatchObject({ won: false, record: { token: winner.token } });
    await late.ack();
    await holder.ack();
    expect(await channel.next()).toBeUndefined();
    expect((await all(channel.records())).map((record) => record.token)).toEqual([winner.token]);
  });
}
