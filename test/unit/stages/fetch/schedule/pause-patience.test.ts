import { describe, expect, it } from 'vitest';
import { PausePatience } from '../../../../../src/stages/fetch/schedule/pause-patience.ts';

const HOUR = 3_600_000;

describe('a host that asks for quiet', () => {
  it('is waited for as long as it has asked for an hour in all', () => {
    const patience = new PausePatience(HOUR);
    patience.onPause(HOUR / 2, 0);
    patience.onPause(HOUR / 2, HOUR / 2);
    expect(patience.isOver(HOUR / 2 + 1)).toBe(false);
    patience.onPause(HOUR / 2, HOUR);
    expect([HOUR, 1.5 * HOUR - 1, 1.5 * HOUR].map((atMs) => patience.isOver(atMs))).toEqual([true, true, false]);
  });

  it.each([1e15, Number.POSITIVE_INFINITY, HOUR + 1])('for %d ms is not waited for at all', (pauseMs) => {
    const patience = new PausePatience(HOUR);
    patience.onPause(pauseMs, 1000);
    expect([1000, 1000 + HOUR - 1, 1000 + HOUR].map((atMs) => patience.isOver(atMs))).toEqual([true, true, false]);
  });

  it('has all the patience again after a success', () => {
    const patience = new PausePatience(HOUR);
    for (let round = 0; round < 50; round += 1) {
      patience.onPause(HOUR, round * HOUR);
      expect(patience.isOver(round * HOUR)).toBe(false);
      patience.onSuccess();
    }
  });
});
