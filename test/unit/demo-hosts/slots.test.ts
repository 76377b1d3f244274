import { expect, it } from 'vitest';
import { Slots } from '../../../src/demo-hosts/slots.ts';

const never = new AbortController().signal;

it('serves the queue in order of arrival', async () => {
  const slots = new Slots(1, 10);
  const order: number[] = [];
  await slots.take(never);
  const waiting = [1, 2, 3].map(async (number) => {
    await slots.take(never);
    order.push(number);
    slots.release();
  });
  slots.release();
  await Promise.all(waiting);
  expect(order).toEqual([1, 2, 3]);
});

it('turns away what the queue cannot hold', async () => {
  const slots = new Slots(1, 0);
  expect(await slots.take(never)).toBe(true);
  expect(await slots.take(never)).toBe(false);
});

it('gives the place of a client that left to the next one', async () => {
  const slots = new Slots(1, 10);
  await slots.take(never);
  const leaver = new AbortController();
  const left = slots.take(leaver.signal);
  const next = slots.take(never);
  leaver.abort();
  slots.release();
  expect(await left).toBe(false);
  expect(await next).toBe(true);
});
