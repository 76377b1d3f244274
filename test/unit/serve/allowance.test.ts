import { expect, it } from 'vitest';
import { Allowance } from '../../../src/serve/allowance.ts';
import { HandClock } from './hand-clock.ts';

function answersFor() {
  const clock = new HandClock();
  let cpuMs = 0;
  const allowance = new Allowance(clock, () => cpuMs);
  const work = (ms: number, ofWhichCpuMs = ms): void => {
    clock.advance(ms);
    cpuMs += ofWhichCpuMs;
  };
  return { clock, allowance, work };
}

it('answers take a twentieth of the time at most, and half a second at once', () => {
  const { clock, allowance, work } = answersFor();
  let spentMs = 0;
  for (let ms = 0; ms < 60_000; ms += 10) {
    if (allowance.hasAny) {
      const end = allowance.begin();
      work(9);
      end();
      spentMs += 9;
      clock.advance(1);
    } else clock.advance(10);
  }
  expect(spentMs).toBeGreaterThan(3000);
  expect(spentMs).toBeLessThan(3600);
});

it('a process that stood still in the middle of an answer gives some again within seconds', () => {
  const { clock, allowance, work } = answersFor();
  const end = allowance.begin();
  work(600_000);
  // Somebody else asks meanwhile.
  expect(allowance.hasAny).toBe(true);
  end();
  expect(allowance.hasAny).toBe(false);
  clock.advance(11_000);
  expect(allowance.hasAny).toBe(true);
});

it('an answer that others keep from the processors spends what it had of them', () => {
  const { allowance, work } = answersFor();
  const end = allowance.begin();
  work(10_000, 20);
  end();
  expect(allowance.hasAny).toBe(true);
});

it('answers at the same time spend their time once', () => {
  const { allowance, work } = answersFor();
  const ends = Array.from({ length: 100 }, () => allowance.begin());
  work(40);
  for (const end of ends) end();
  expect(allowance.hasAny).toBe(true);
});
