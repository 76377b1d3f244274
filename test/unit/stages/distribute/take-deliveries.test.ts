import { getEventListeners } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { takeDeliveries } from '../../../../src/stages/distribute/distribute.ts';
import type { Delivery } from '../../../../src/transport/transport.ts';
import { makeUnits } from '../../../support/units.ts';
import { HandChannel } from './stub-channel.ts';

const [UNIT_A, UNIT_B] = makeUnits(2) as [ReturnType<typeof makeUnits>[number], ReturnType<typeof makeUnits>[number]];

async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await setImmediate();
}

function started(options: Parameters<typeof takeDeliveries>[1] = {}) {
  const channel = new HandChannel();
  const taken: string[] = [];
  const stream = takeDeliveries(channel.asChannel, options);
  let error: Error | undefined;
  const ended = new Promise<void>((resolve) => {
    stream.on('error', (reason) => {
      error = reason;
    });
    stream.once('close', () => resolve());
  });
  stream.on('data', (delivery: Delivery) => taken.push(delivery.unit.id));
  return { channel, taken, stream, ended, error: () => error };
}

it('takes one after the other and ends when the job is done', async () => {
  const { channel, taken, ended, error } = started();
  await turns();
  channel.deliver(channel.deliveryOf(UNIT_A));
  await turns();
  channel.deliver(channel.deliveryOf(UNIT_B));
  await turns();
  channel.deliver(undefined);
  await ended;
  expect(taken).toEqual([UNIT_A.id, UNIT_B.id]);
  expect(error()).toBeUndefined();
});

it('takes nothing ahead while the next stage is busy', async () => {
  const { channel, stream } = started();
  await turns();
  stream.pause();
  const before = channel.asked;
  channel.deliver(channel.deliveryOf(UNIT_A));
  await turns();
  expect(channel.asked).toBe(before);
  stream.destroy();
});

it('a drain ends it without taking more', async () => {
  const drain = new AbortController();
  const { channel, taken, ended, error } = started({ drain: drain.signal });
  await turns();
  channel.deliver(channel.deliveryOf(UNIT_A));
  await turns();
  drain.abort();
  await ended;
  expect(taken).toEqual([UNIT_A.id]);
  expect(error()).toBeUndefined();
  expect(channel.naks).toEqual([]);
});

it('a delivery that comes in the moment of draining goes straight back', async () => {
  const drain = new AbortController();
  const { channel, taken, ended } = started({ drain: drain.signal });
  await turns();
  channel.deliver(channel.deliveryOf(UNIT_A));
  drain.abort();
  await ended;
  expect(taken).toEqual([]);
  expect(channel.naks).toEqual([UNIT_A.id]);
});

it('takes nothing at all when the drain came first', async () => {
  const { channel, ended } = started({ drain: AbortSignal.abort() });
  await ended;
  expect(channel.asked).toBe(0);
});

it('a delivery for a stage that was destroyed goes back', async () => {
  const { channel, stream, ended } = started();
  await turns();
  channel.deliver(channel.deliveryOf(UNIT_A));
  stream.destroy();
  await ended;
  await turns();
  expect(channel.naks).toEqual([UNIT_A.id]);
});

it('an error of the channel destroys it', async () => {
  const { channel, ended, error } = started();
  await turns();
  channel.fail(new Error('transport closed'));
  await ended;
  expect(error()?.message).toBe('transport closed');
});

it('leaves no listener on a drain signal that outlives it', async () => {
  const drain = new AbortController();
  const { stream, ended } = started({ drain: drain.signal });
  await turns();
  expect(getEventListeners(drain.signal, 'abort')).toHaveLength(1);
  stream.destroy();
  await ended;
  expect(getEventListeners(drain.signal, 'abort')).toHaveLength(0);
});
