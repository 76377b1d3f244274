import { expect, it } from 'vitest';
import { TimeBuckets } from '../../../src/report/plots.ts';

const ROW = { host: 'a.test', status: 'fetched', code: '', bytes: 1, headersMs: 1, totalMs: 1, flags: [] };

it('a run of any length is plotted in a bounded number of points without losing a row', () => {
  const buckets = new TimeBuckets(50);
  for (let second = 0; second < 20_000; second += 7) buckets.add({ ...ROW, fetchedAtMs: second * 1000 });
  const plot = buckets.plot();
  expect(plot.atMs.length).toBeLessThanOrEqual(50);
  expect(plot.fetched.reduce((a, b) => a + b, 0)).toBe(Math.ceil(20_000 / 7));
  expect([...plot.atMs].sort((a, b) => a - b)).toEqual(plot.atMs);
});
