import { expect, it } from 'vitest';
import { Semaphore } from '../../../src/structures/semaphore.ts';

const never = new AbortController().signal;

it('serves the queue in order of arrival', async () => {
  const slots = new Semaphore(1, 10);
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
  const slots = new Semaphore(1, 0);
  expect(await slots.take(never)).toBe(true);
  expect(await slots.take(never)).toBe(false);
});

it('gives the place of a client that left to the next one', async () => {
  const slots = new Semaphore(1, 10);
  await slots.take(never);
  const leaver = new AbortController();
  const left = slots.take(leaver.signal);
  const next = slots.take(never);
  leaver.abort();
  slots.release();
  expect(await left).toBe(false);
  expect(await next).toBe(true);
});

it('runs as much at once as there are places, and says how many wait', async () => {
  const slots = new Semaphore(2);
  const seen: [used: number, waiting: number][] = [];
  const work = async (): Promise<void> => {
    seen.push([slots.used, slots.waiting]);
    await Promise.resolve();
  };
  const all = [1, 2, 3, 4].map(() => slots.run(work));
  expect([slots.used, slots.waiting]).toEqual([2, 2]);
  await Promise.all(all);
  expect(seen.every(([used]) => used === 2)).toBe(true);
  expect([slots.used, slots.waiting]).toEqual([0, 0]);
});
