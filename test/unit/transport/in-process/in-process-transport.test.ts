import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLocalCommitter } from '../../../../src/job/local-committer.ts';
import type { Unit, UnitRecord } from '../../../../src/record.ts';
import {
  createInProcessChannel,
  type InProcessChannel,
} from '../../../../src/transport/in-process/in-process-transport.ts';
import type { Delivery } from '../../../../src/transport/transport.ts';
import { makeUnit, makeUnits, recordOf } from '../../../support/units.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

let state: string;
let clock: VirtualClock;
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'flow-dc-channel-'));
  clock = new VirtualClock();
});
afterEach(() => rm(state, { recursive: true, force: true }));

function open(rollForward: (record: UnitRecord) => Promise<void> = async () => {}, highWater = 100): InProcessChannel {
  return createInProcessChannel({ committer: createLocalCommitter(state), clock, rollForward, highWater });
}

async function take(channel: InProcessChannel): Promise<Delivery> {
  const delivery = await channel.next();
  if (delivery === undefined) throw new Error('expected a delivery');
  return delivery;
}

const [first, second] = makeUnits(2) as [Unit, Unit];

describe('an in-process channel', () => {
  it('delivers a unit again that was acknowledged without a record', async () => {
    const channel = open();
    await channel.publish(first);
    await (await take(channel)).ack();
    expect(await take(channel)).toMatchObject({ unit: { id: first.id }, attempt: 2 });
  });

  it('ends when the records were committed past it', async () => {
    const channel = open();
    await channel.publish(first);
    await channel.seal(1);
    const delivery = await take(channel);
    await createLocalCommitter(state).commit(recordOf(first));
    await delivery.ack();
    expect(await channel.next()).toBeUndefined();
  });

  it('counts its records once more at the end, however many wait for a unit then', async () => {
    const committer = createLocalCommitter(state);
    const count = vi.spyOn(committer, 'count');
    const channel = createInProcessChannel({ committer, clock, rollForward: async () => {} });
    await channel.publish(first);
    const delivery = await take(channel);
    const waiting = Array.from({ length: 8 }, () => channel.next());
    await committer.commit(recordOf(first));
    await delivery.ack();
    await channel.seal(1);
    expect(await Promise.all(waiting)).toEqual(Array(8).fill(undefined));
    // When it was opened, and now.
    expect(count).toHaveBeenCalledTimes(2);
  });

  it('hands a unit out again when its roll-forward failed', async () => {
    let isFull = true;
    const channel = open(async () => {
      if (isFull) throw new Error('no space');
    });
    await channel.publish(first);
    await channel.seal(1);
    await take(channel);
    await channel.commit(recordOf(first));
    channel.expireLease(first.id);
    await expect(channel.next()).rejects.toThrow('no space');
    isFull = false;
    expect(await channel.next()).toBeUndefined();
  });

  it('does not count errors that a holder throws because it lost the unit', async () => {
    const channel = open();
    await channel.publish(first);
    const lost = await take(channel);
    channel.expireLease(first.id);
    await lost.fail(new Error('aborted'));
    expect((await take(channel)).errors).toBe(0);
  });

  it('ignores a second ending of the same delivery', async () => {
    const channel = open();
    await channel.publish(first);
    const delivery = await take(channel);
    await delivery.nak();
    await delivery.nak();
    await delivery.fail(new Error('late'));
    await delivery.ack();
    expect(await take(channel)).toMatchObject({ attempt: 2, errors: 0 });
    expect((await channel.status()).inFlight).toBe(1);
  });

  it('waits exactly the rounded delay of a hand-back', async () => {
    const channel = open();
    await channel.publish(first);
    await (await take(channel)).nak(99.6);
    let again: Delivery | undefined;
    const waiting = channel.next().then((delivery) => {
      again = delivery;
    });
    await clock.advance(99);
    expect(again).toBeUndefined();
    await clock.advance(1);
    await waiting;
    expect(again).toMatchObject({ attempt: 2 });
  });

  it('cancels delayed units when it is closed, so that no timer keeps the process alive', async () => {
    const channel = open();
    await channel.publish(first);
    await (await take(channel)).nak(60_000);
    expect(clock.pending).toBe(1);
    await channel[Symbol.asyncDispose]();
    expect(clock.pending).toBe(0);
  });

  it('puts a unit that fails behind the others', async () => {
    const channel = open();
    await channel.publish(first);
    await channel.publish(second);
    await (await take(channel)).fail(new Error('once'));
    expect((await take(channel)).unit.id).toBe(second.id);
  });

  it('refuses a unit where another one was recorded for the same shard', async () => {
    await createLocalCommitter(state).commit(
      recordOf(makeUnit([{ url: 'https://h.example/other.jpg' }], { index: 0 })),
    );
    await expect(open().publish(first)).rejects.toMatchObject({ code: 'FDC_ERR_JOB_UNITS_CHANGED' });
  });

  it('refuses to seal fewer units than are recorded', async () => {
    for (const unit of makeUnits(3)) await createLocalCommitter(state).commit(recordOf(unit));
    await expect(open().seal(2)).rejects.toMatchObject({ code: 'FDC_ERR_JOB_UNITS_CHANGED' });
  });

  it('says so when records of other units stand for the ones it has', async () => {
    const units = makeUnits(4);
    for (const unit of units.slice(2)) await createLocalCommitter(state).commit(recordOf(unit));
    const channel = open();
    for (const unit of units.slice(0, 2)) await channel.publish(unit);
    await channel.seal(2);
    for (let taken = 0; taken < 2; taken++) {
      const delivery = await take(channel);
      await channel.commit(recordOf(delivery.unit));
      await delivery.ack();
    }
    await expect(channel.next()).rejects.toMatchObject({ code: 'FDC_ERR_JOB_UNITS_CHANGED' });
  });

  it('says so when more units were sealed than published, instead of waiting for ever', async () => {
    const channel = open();
    await channel.seal(2);
    await expect(channel.next()).rejects.toMatchObject({ code: 'FDC_ERR_SINK_PROTOCOL' });
  });

  it('refuses units after the seal, and a second seal that says otherwise', async () => {
    const channel = open();
    await channel.publish(first);
    await channel.seal(1);
    await channel.seal(1);
    await expect(channel.publish(second)).rejects.toMatchObject({ code: 'FDC_ERR_SINK_PROTOCOL' });
    await expect(channel.seal(2)).rejects.toMatchObject({ code: 'FDC_ERR_SINK_PROTOCOL' });
  });

  it.for([0, -1, 1.5, Number.NaN])('refuses a high-water mark of %s', (highWater) => {
    expect(() => open(undefined, highWater)).toThrow(RangeError);
  });

  it.for([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a hand-back delay of %s', async (delayMs) => {
    const channel = open();
    await channel.publish(first);
    await expect((await take(channel)).nak(delayMs)).rejects.toThrow(RangeError);
  });
});

/** What a worker may do with a delivery. */
const moves = ['commit', 'commitOnly', 'ack', 'nak', 'fail', 'expire', 'expireThenCommit'] as const;

describe('an in-process channel under any behaviour of its workers', () => {
  it('ends with exactly one record per unit, and never delivers a decided one', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.constantFrom(...moves), { maxLength: 20 }),
        async (count, highWater, script) => {
          await rm(state, { recursive: true, force: true });
          const channel = open(undefined, highWater);
          const units = makeUnits(count);
          const publishing = (async () => {
            for (const unit of units) await channel.publish(unit);
            await channel.seal(count);
          })();
          const steps = [...script];
          const decided = new Set<string>();
          for (let delivery = await channel.next(); delivery !== undefined; delivery = await channel.next()) {
            expect(decided.has(delivery.unit.id)).toBe(false);
            await play(channel, delivery, steps.shift() ?? 'commit', decided);
          }
          await publishing;
          expect(decided.size).toBe(count);
          expect(await createLocalCommitter(state).count()).toBe(count);
          expect((await channel.status()).state).toBe('sealed');
        },
      ),
      { numRuns: 60 },
    );
  });
});

async function play(
  channel: InProcessChannel,
  delivery: Delivery,
  move: (typeof moves)[number],
  decided: Set<string>,
): Promise<void> {
  if (move === 'expire' || move === 'expireThenCommit') channel.expireLease(delivery.unit.id);
  if (move === 'commit' || move === 'commitOnly' || move === 'expireThenCommit') {
    await channel.commit(recordOf(delivery.unit));
    decided.add(delivery.unit.id);
  }
  if (move === 'commit' || move === 'ack') await delivery.ack();
  if (move === 'nak') await delivery.nak();
  if (move === 'fail') await delivery.fail(new Error('thrown'));
}
