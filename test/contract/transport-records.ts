import { expect, it } from 'vitest';
import type { Unit } from '../../src/record.ts';
import { makeUnits, recordOf } from '../support/units.ts';
import { all, expectNothing, type Open, pair, type TransportHarness, take, takeAll } from './transport-harness.ts';

export function describeRecords(open: Open): void {
  it('decides a unit once: the first record wins for ever', async () => {
    const { channel } = await open();
    const [unit] = pair();
    const first = recordOf(unit);
    expect((await channel.commit(first)).won).toBe(true);
    expect(await channel.commit(recordOf(unit))).toMatchObject({ won: false, record: first });
    expect(await channel.record(unit.id)).toEqual(first);
  });

  it('tells the winner again that it won, when it could not know', async () => {
    const { channel } = await open();
    const record = recordOf(pair()[0]);
    await channel.commit(record);
    expect(await channel.commit(record)).toMatchObject({ won: true, record });
    expect((await channel.status()).committed).toBe(1);
  });

  it('lets exactly one of many racing records win', async () => {
    const { channel } = await open();
    const [unit] = pair();
    const records = Array.from({ length: 16 }, () => recordOf(unit));
    const commits = await Promise.all(records.map((record) => channel.commit(record)));
    expect(commits.filter((commit) => commit.won)).toHaveLength(1);
    expect(new Set(commits.map((commit) => commit.record.token)).size).toBe(1);
  });

  it('has no record of a unit that nobody committed', async () => {
    const { channel } = await open();
    expect(await channel.record(pair()[0].id)).toBeUndefined();
    expect(await all(channel.records())).toEqual([]);
  });

  it('never delivers a unit of an earlier run that has a record, and rolls it forward', async () => {
    const before = await open();
    const [done, open_] = pair();
    await before.channel.commit(recordOf(done));
    const after = await before.reopen();
    await after.channel.publish(done);
    await after.channel.publish(open_);
    await after.channel.seal(2);
    expect((await take(after.channel)).unit.id).toBe(open_.id);
    expect(after.rolledForward).toEqual([done.id]);
    expect(await after.channel.status()).toMatchObject({ total: 2, published: 2, committed: 1, inFlight: 1 });
  });

  it('does not deliver a unit again that was committed but not acknowledged', async () => {
    const { channel, loseLease, rolledForward } = await open();
    const [unit] = pair();
    await channel.publish(unit);
    await channel.seal(1);
    const delivery = await take(channel);
    await channel.commit(recordOf(unit));
    await loseLease(delivery);
    expect(await channel.next()).toBeUndefined();
    expect(rolledForward).toEqual([unit.id]);
  });
}

export function describeEnd(harness: TransportHarness, open: Open): void {
  it('ends when as many units have a record as were sealed, not when the queue is empty', async () => {
    const { channel, pass } = await open();
    const [first, second] = pair();
    await channel.publish(first);
    await channel.publish(second);
    const deliveries = await takeAll(channel, 2);
    const end = channel.next();
    await expectNothing(end, pass, harness.quietMs);
    await channel.seal(2);
    expect((await channel.status()).state).toBe('running');
    for (const { unit, ack } of deliveries) {
      await channel.commit(recordOf(unit));
      await ack();
    }
    expect(await end).toBeUndefined();
    expect(await channel.status()).toMatchObject({ state: 'sealed', total: 2, committed: 2, inFlight: 0 });
  });

  it('ends every caller that waits', async () => {
    const { channel } = await open();
    await channel.publish(pair()[0]);
    const delivery = await take(channel);
    const waiting = [channel.next(), channel.next(), channel.next()];
    await channel.seal(1);
    await channel.commit(recordOf(delivery.unit));
    await delivery.ack();
    expect(await Promise.all(waiting)).toEqual([undefined, undefined, undefined]);
  });

  it('ends a job of no units at once', async () => {
    const { channel } = await open();
    await channel.seal(0);
    expect(await channel.next()).toBeUndefined();
  });

  it('ends a job at once whose units were all committed by earlier runs', async () => {
    const before = await open();
    const units = makeUnits(3);
    for (const unit of units) await before.channel.commit(recordOf(unit));
    const { channel } = await before.reopen();
    for (const unit of units) await channel.publish(unit);
    await channel.seal(3);
    expect(await channel.next()).toBeUndefined();
    expect((await channel.status()).state).toBe('sealed');
  });

  it('aborts every delivery when the job is cancelled, keeps the records and delivers no more', async () => {
    const { channel, pass } = await open();
    const units = makeUnits(4);
    for (const unit of units) await channel.publish(unit);
    const [done, held] = await takeAll(channel, 2);
    if (done === undefined || held === undefined) throw new Error('expected two deliveries');
    await channel.commit(recordOf(done.unit));
    await done.ack();
    await channel.cancel('changed my mind');
    await pass(harness.quietMs);
    expect(held.signal.aborted).toBe(true);
    expect(await channel.next()).toBeUndefined();
    expect((await channel.status()).state).toBe('cancelled');
    expect(await all(channel.records())).toHaveLength(1);
  });

  it('refuses to publish to a cancelled job, also for a publisher that waits', async () => {
    const { channel, pass } = await open(1);
    const [first, second] = pair();
    await channel.publish(first);
    const refused = expect(channel.publish(second)).rejects.toMatchObject({ code: 'FDC_ERR_TRANSPORT_CLOSED' });
    await pass(harness.quietMs);
    await channel.cancel('changed my mind');
    await refused;
    await expect(channel.publish(second)).rejects.toThrow('changed my mind');
  });

  it('aborts deliveries and refuses waiting callers when it is closed', async () => {
    const { channel, pass } = await open(1);
    const units = makeUnits(3);
    await channel.publish(units[0] as Unit);
    const held = await take(channel);
    const waitingNext = expect(channel.next()).rejects.toMatchObject({ code: 'FDC_ERR_TRANSPORT_CLOSED' });
    await pass(harness.quietMs);
    await channel[Symbol.asyncDispose]();
    await waitingNext;
    expect(held.signal.aborted).toBe(true);
    await expect(channel.publish(units[1] as Unit)).rejects.toMatchObject({ code: 'FDC_ERR_TRANSPORT_CLOSED' });
    await expect(channel.next()).rejects.toMatchObject({ code: 'FDC_ERR_TRANSPORT_CLOSED' });
  });
}
