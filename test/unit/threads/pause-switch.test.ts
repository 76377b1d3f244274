import { expect, it } from 'vitest';
import { PauseSwitch } from '../../../src/threads/pause-switch.ts';

it('what is paused goes on when it is to end, and cannot be paused any more', () => {
  const told: boolean[] = [];
  const pause = new PauseSwitch((isPaused) => told.push(isPaused));
  const drain = new AbortController();
  pause.goOnAt(drain.signal);
  pause.set(true);
  pause.set(true);
  expect(told).toEqual([true]);
  drain.abort();
  pause.set(true);
  expect([told, pause.isPaused]).toEqual([[true, false], false]);
});
