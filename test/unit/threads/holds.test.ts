import { expect, it } from 'vitest';
import { Holds } from '../../../src/threads/force.ts';

it('a run that a full disk holds is not let go by an order, nor one that was paused by room on the disk', () => {
  const applied: boolean[] = [];
  const holds = new Holds((isHeld) => applied.push(isHeld));
  holds.say(true, 'disk');
  // Any order about a job says anew whether it is paused.
  holds.say(false, 'order');
  expect(holds.isHeld).toBe(true);
  holds.say(true, 'order');
  expect(holds.by).toBe('disk');
  holds.say(false, 'disk');
  expect(holds.by).toBe('order');
  holds.say(false, 'order');
  expect([applied, holds.isHeld]).toEqual([[true, true, true, true, false], false]);
});

it('nothing holds what is being finished, whatever is said then', () => {
  const applied: boolean[] = [];
  const drain = new AbortController();
  const holds = new Holds((isHeld) => applied.push(isHeld));
  holds.endAt(drain.signal);
  holds.say(true, 'disk');
  drain.abort();
  holds.say(true, 'order');
  expect([applied, holds.isHeld]).toEqual([[true, false, false], false]);
});
