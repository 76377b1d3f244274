import { expect, it } from 'vitest';
import { Deadline } from '../../../../../src/stages/fetch/reply/deadline.ts';
import { VirtualClock } from '../../../../support/virtual-clock.ts';

function started(limitMs: number) {
  const clock = new VirtualClock();
  const expired: number[] = [];
  return { clock, expired, deadline: new Deadline(clock, limitMs, () => expired.push(clock.nowMs())) };
}

it('expires once, on time', async () => {
  const { clock, expired } = started(100);
  await clock.advance(1000);
  expect(expired).toEqual([100]);
});

it('does not run while it is paused, however often', async () => {
  const { clock, expired, deadline } = started(100);
  for (let round = 0; round < 3; round += 1) {
    await clock.advance(20);
    deadline.pause();
    deadline.pause();
    await clock.advance(5000);
    deadline.resume();
    deadline.resume();
  }
  await clock.advance(39);
  expect(expired).toEqual([]);
  await clock.advance(1);
  expect(expired).toHaveLength(1);
});

it('leaves no timer behind when stopped', () => {
  const { clock, deadline } = started(100);
  deadline.stop();
  expect(clock.pending).toBe(0);
});
