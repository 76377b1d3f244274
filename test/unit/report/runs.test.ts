import { describe, expect, it } from 'vitest';
import { allRuns, SpanUnion } from '../../../src/report/runs.ts';

function unionOf(...spans: readonly (readonly [number, number])[]): SpanUnion {
  const union = new SpanUnion();
  for (const [startMs, endMs] of spans) union.add(startMs, endMs);
  return union;
}

describe('times during which something went on', () => {
  it('have no overlaps, and run on over short pauses', () => {
    expect(unionOf([500_000, 600_000], [0, 10_000], [5_000, 20_000], [70_000, 80_000]).read()).toEqual([
      [0, 80_000],
      [500_000, 600_000],
    ]);
  });

  it('without those that somebody watched, leave what nobody did', () => {
    const union = unionOf([10_000, 300_000], [330_000, 340_000]);
    expect(union.outside([[20_000_000, 20_000_001]])).toEqual([
      [10_000, 300_000],
      [330_000, 340_000],
    ]);
    expect(
      union.outside([
        [0, 60_000],
        [200_000, 400_000],
      ]),
    ).toEqual([[60_000, 200_000]]);
    expect(
      union.outside([
        [9_000, 299_000],
        [330_500, 341_000],
      ]),
    ).toEqual([]);
  });

  it('are as long as they were, also when somebody set the clock by years', () => {
    const startedAtMs = Date.UTC(2026, 0, 1);
    const set = Date.UTC(2036, 0, 1);
    const run = { startedAtMs, elapsedMs: 60_000, endedAtMs: set + 30_000 };
    expect(allRuns([run], unionOf([startedAtMs + 1000, startedAtMs + 41_000], [set, set + 20_000]))).toEqual([run]);
  });
});
