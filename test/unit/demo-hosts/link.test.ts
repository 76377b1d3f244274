import { expect, it } from 'vitest';
import { Link } from '../../../src/demo-hosts/link.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

it('lets the bytes of all replies through one after the other, at its rate', async () => {
  const clock = new VirtualClock();
  const link = new Link(1000, clock);
  const arrivedMs: number[] = [];
  const send = async (bytes: number): Promise<void> => {
    await link.pass(bytes, new AbortController().signal);
    arrivedMs.push(clock.nowMs());
  };
  const sent = Promise.all([send(100), send(200), send(50)]);
  await clock.advance(1000);
  await sent;
  expect(arrivedMs).toEqual([100, 300, 350]);
});

it('saves nothing up while nobody sends', async () => {
  const clock = new VirtualClock();
  const link = new Link(1000, clock);
  await clock.advance(5000);
  const sent = link.pass(100, new AbortController().signal).then(() => clock.nowMs());
  await clock.advance(1000);
  expect(await sent).toBe(5100);
});

it('refuses a rate of nothing', () => {
  expect(() => new Link(0, new VirtualClock())).toThrow('bytesPerSecond');
});
