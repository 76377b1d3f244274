import { describe, expect, it } from 'vitest';
import { baselineFrom, foldIntoBaseline } from '../../../src/paarc/baseline.ts';
import { foundCeiling, grow, openCeiling } from '../../../src/paarc/ceiling.ts';

describe('Ceiling', () => {
  it('lets the limit come half the way to it, and no nearer than its noise', () => {
    const ceiling = foundCeiling(openCeiling, 100, 0);
    expect(grow(ceiling, 60, 1.25, 2000, 1000)?.concurrency).toBe(75);
    expect(grow(ceiling, 90, 1.25, 2000, 1000)?.concurrency).toBe(95);
    expect(grow(ceiling, 97, 1.25, 2000, 1000)).toBeUndefined();
  });

  it('is asked again after half a minute, later each time', () => {
    const first = grow(foundCeiling(openCeiling, 51, 0), 50, 1.25, 2000, 30_001);
    expect(first?.concurrency).toBe(52.5);
    const again = foundCeiling(first?.ceiling ?? openCeiling, 51, 0);
    expect(grow(again, 50, 1.25, 2000, 30_001)).toBeUndefined();
    expect(grow(again, 50, 1.25, 2000, 60_001)?.concurrency).toBe(52.5);
  });
});

describe('Baseline', () => {
  it('is the median and a p95 that is never nearer than a third above it', () => {
    expect(baselineFrom([100, 100, 100])).toMatchObject({ p50Ms: 100, p95Ms: 130 });
  });

  it('forgets the oldest durations', () => {
    const old = baselineFrom(Array.from({ length: 200 }, () => 100));
    expect(
      foldIntoBaseline(
        old,
        Array.from({ length: 200 }, () => 50),
      ).p50Ms,
    ).toBe(50);
    expect(
      foldIntoBaseline(
        old,
        Array.from({ length: 500 }, () => 50),
      ).durations.length,
    ).toBe(200);
  });
});
