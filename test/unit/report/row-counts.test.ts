import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LatencySketch } from '../../../src/report/row-counts.ts';

const durations = fc.array(fc.double({ min: 0.2, max: 3_600_000, noNaN: true }), { minLength: 1, maxLength: 300 });

function sketchOf(values: readonly number[]): LatencySketch {
  const sketch = new LatencySketch();
  for (const value of values) sketch.add(value);
  return sketch;
}

describe('a latency sketch', () => {
  it('gives every quantile to within 2.5 %', () => {
    fc.assert(
      fc.property(durations, fc.double({ min: 0.01, max: 1, noNaN: true }), (values, share) => {
        const exact = [...values].sort((a, b) => a - b)[Math.max(1, Math.ceil(share * values.length)) - 1] as number;
        expect(Math.abs((sketchOf(values).quantile(share) as number) - exact) / exact).toBeLessThan(0.0251);
      }),
    );
  });

  it('is the same whether values come at once or sketches are added up', () => {
    fc.assert(
      fc.property(durations, durations, (a, b) => {
        const merged = sketchOf(a);
        merged.merge(sketchOf(b));
        const whole = sketchOf([...a, ...b]);
        for (const share of [0.5, 0.95, 0.99]) expect(merged.quantile(share)).toBe(whole.quantile(share));
        expect([merged.count, merged.maxMs]).toEqual([whole.count, whole.maxMs]);
      }),
    );
  });

  it('passes over what is no duration, and has no quantile of nothing', () => {
    const sketch = sketchOf([Number.NaN, -1, Number.POSITIVE_INFINITY]);
    expect(sketch.count).toBe(0);
    expect(sketch.quantile(0.5)).toBeUndefined();
  });
});
