import { expect, it } from 'vitest';
import { Deadline, Deadlines } from '../../../../../src/stages/fetch/reply/deadline.ts';
import { VirtualClock } from '../../../../support/virtual-clock.ts';

function started(limitMs: number) {
  const clock = new VirtualClock();
  const expired: number[] = [];
  return { clock, expired, deadline: new Deadline(new Deadlines(clock, limitMs), () => expired.push(clock.nowMs())) };
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

it('of thousands of attempts costs one timer, and each expires on its own time', async () => {
  const clock = new VirtualClock();
  const deadlines = new Deadlines(clock, 100);
  const expired: [number, number][] = [];
  const started = Array.from({ length: 5000 }, (_, index) => {
    return new Deadline(deadlines, () => expired.push([index, clock.nowMs()]));
  });
  expect(clock.pending).toBe(1);
  await clock.advance(50);
  const late = new Deadline(deadlines, () => expired.push([-1, clock.nowMs()]));
  for (const [index, deadline] of started.entries()) if (index % 1000 !== 0) deadline.stop();
  expect(clock.pending).toBe(1);
  await clock.advance(50);
  expect(expired).toEqual([0, 1000, 2000, 3000, 4000].map((index) => [index, 100]));
  late.stop();
  expect(clock.pending).toBe(0);
});
