import { expect, it } from 'vitest';
import { Allowance } from '../../../src/serve/allowance.ts';
import { HandClock } from './hand-clock.ts';

it('answers take a twentieth of the time at most, and half a second at once', () => {
  const clock = new HandClock();
  const allowance = new Allowance(clock);
  let spentMs = 0;
  for (let ms = 0; ms < 60_000; ms += 10) {
    if (allowance.hasAny) {
      allowance.spend(9);
      spentMs += 9;
    }
    clock.advance(10);
  }
  expect(spentMs).toBeGreaterThan(3000);
  expect(spentMs).toBeLessThan(3600);
});

it('a process that stood still in the middle of an answer gives some again within seconds', () => {
  const clock = new HandClock();
  const allowance = new Allowance(clock);
  allowance.spend(600_000);
  expect(allowance.hasAny).toBe(false);
  clock.advance(11_000);
  expect(allowance.hasAny).toBe(true);
});
