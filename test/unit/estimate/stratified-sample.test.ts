import { describe, expect, it } from 'vitest';
import { stratifiedShare, stratifiedTotal, t95 } from '../../../src/estimate/stratified-sample.ts';
import { preciseRandom } from '../../../src/structures/seeded-random.ts';

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/**
 * Share of repetitions whose interval holds the true total, sampling `sampleRows` in proportion from fixed populations.
 */
function coverage(
  populations: readonly number[][],
  sampleRows: number,
  repetitions: number,
  random: () => number,
): number {
  const rows = sum(populations.map(({ length }) => length));
  const truth = sum(populations.map(sum));
  let covered = 0;
  for (let time = 0; time < repetitions; time += 1) {
    const strata = populations.map((population) => {
      const size = Math.min(population.length, Math.max(2, Math.round((sampleRows * population.length) / rows)));
      return { rows: population.length, values: draw(population, size, random) };
    });
    const { low, high } = stratifiedTotal(strata);
    if (low <= truth && truth <= high) covered += 1;
  }
  return covered / repetitions;
}

/**
 * Without replacement: the first places of Fisher and Yates's shuffle, taken back afterwards by nothing, as order does
 * not matter.
 */
function draw(population: number[], size: number, random: () => number): number[] {
  for (let at = 0; at < size; at += 1) {
    const other = at + Math.floor(random() * (population.length - at));
    [population[at], population[other]] = [population[other] as number, population[at] as number];
  }
  return population.slice(0, size);
}

function lognormal(count: number, sigma: number, scale: number, random: () => number): number[] {
  return Array.from({ length: count }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return scale * Math.exp(sigma * normal);
  });
}

function pareto(count: number, shape: number, cap: number, random: () => number): number[] {
  return Array.from({ length: count }, () => Math.min(cap, (1 - random()) ** (-1 / shape)));
}

describe('stratifiedTotal', () => {
  it('is the textbook sum of rows times mean, with the error of Cochran 5.4 inside the interval', () => {
    const { total, low, high } = stratifiedTotal([
      { rows: 100, values: [10, 12, 11, 13] },
      { rows: 50, values: [100, 104] },
    ]);
    expect(total).toBeCloseTo(100 * 11.5 + 50 * 102);
    // variance: 100 * 96 / 4 * 5/3 + 50 * 48 / 2 * 8 = 13,600, on 2.5 degrees of freedom
    const error = Math.sqrt(13_600);
    expect(high - total).toBeGreaterThan(1.96 * error);
    expect(high - low).toBeLessThan(2 * 4.4 * error);
  });

  it('is exact when every row is known', () => {
    const known = { rows: 3, values: [1, 2, 30] };
    expect(stratifiedTotal([known])).toEqual({ total: 33, low: 33, high: 33 });
  });

  it('never ends below what was seen', () => {
    const { low } = stratifiedTotal([{ rows: 12, values: [1, 1, 1, 1, 1, 1000] }]);
    expect(low).toBeGreaterThanOrEqual(1005);
  });

  it('gives a stratum of which nothing is known the mean of the others, and a wider interval', () => {
    const known = { rows: 1000, values: [10, 20, 30, 10, 20, 30] };
    const alone = stratifiedTotal([known]);
    const both = stratifiedTotal([known, { rows: 500, values: [] }]);
    expect(both.total).toBeCloseTo(1.5 * alone.total);
    expect((both.high - both.low) / both.total).toBeGreaterThan((alone.high - alone.low) / alone.total);
  });

  it('covers the true total in 95 % of the repetitions or nearly so, for heavy-tailed sizes', () => {
    const random = preciseRandom(2026);
    const mixed = (sigma: number): number[][] =>
      Array.from({ length: 12 }, (_, i) => lognormal(20_000 / (i + 1), sigma, 1 + (i % 4), random));
    const withFailures = mixed(1.2).map((sizes) => sizes.map((size) => (random() < 0.2 ? 0 : size)));
    const cases = [
      ['lognormal, sigma 0.6', [lognormal(20_000, 0.6, 1, random)], 300, 0.92],
      ['lognormal, sigma 1', [lognormal(20_000, 1, 1, random)], 1000, 0.92],
      ['lognormal, sigma 1.5', [lognormal(20_000, 1.5, 1, random)], 1000, 0.9],
      ['12 hosts, sigma 1', mixed(1), 300, 0.92],
      ['12 hosts, sigma 1.2, a fifth fails', withFailures, 1000, 0.92],
      ['pareto 2.5', [pareto(20_000, 2.5, Number.POSITIVE_INFINITY, random)], 1000, 0.9],
      ['pareto 1.5, at most 200 times the least', [pareto(20_000, 1.5, 200, random)], 1000, 0.88],
    ] as const;
    for (const [name, populations, sampleRows, least] of cases) {
      const covered = coverage(populations as number[][], sampleRows, 400, random);
      console.log(`${name}, ${sampleRows} rows: ${(100 * covered).toFixed(1)} % covered`);
      expect(covered, name).toBeGreaterThan(least);
    }
  });
});

describe('stratifiedShare', () => {
  it("is Wilson's interval for one large stratum", () => {
    // 10 of 100: 5.5 % to 17.4 %.
    const { rows, low, high } = stratifiedShare([{ rows: 1e9, sampled: 100, hits: 10 }]);
    expect([rows, low, high].map((value) => value / 1e9)).toEqual([
      0.1,
      expect.closeTo(0.0552, 3),
      expect.closeTo(0.1744, 3),
    ]);
  });

  it('is exact when every row was asked', () => {
    expect(stratifiedShare([{ rows: 7, sampled: 7, hits: 3 }])).toEqual({ rows: 3, low: 3, high: 3 });
  });

  it('says what may be hidden when nothing was met, and lies between what was seen and what was not', () => {
    expect(stratifiedShare([{ rows: 10_000, sampled: 100, hits: 0 }])).toMatchObject({
      rows: 0,
      low: 0,
      high: expect.closeTo(367, -1),
    });
    expect(stratifiedShare([{ rows: 10, sampled: 9, hits: 9 }])).toMatchObject({ low: 9, high: 10 });
  });

  it('knows nothing when nothing was asked', () => {
    expect(stratifiedShare([{ rows: 50, sampled: 0, hits: 0 }])).toEqual({ rows: 0, low: 0, high: 50 });
  });

  it('covers the true number in 95 % of the repetitions or nearly so', () => {
    const random = preciseRandom(11);
    const strata = [
      { rows: 5000, share: 0.02, sampled: 150 },
      { rows: 3000, share: 0.3, sampled: 90 },
      { rows: 2000, share: 0, sampled: 60 },
    ];
    const truth = 5000 * 0.02 + 3000 * 0.3;
    let covered = 0;
    for (let time = 0; time < 1000; time += 1) {
      const counts = strata.map(({ rows, share, sampled }) => {
        let hits = 0;
        for (let i = 0; i < sampled; i += 1) hits += random() < share ? 1 : 0;
        return { rows, sampled, hits };
      });
      const { low, high } = stratifiedShare(counts);
      if (low <= truth && truth <= high) covered += 1;
    }
    expect(covered).toBeGreaterThan(930);
  });
});

describe('t95', () => {
  it.each([
    [1, 12.706],
    [2, 4.303],
    [3, 3.182],
    [5, 2.571],
    [10, 2.228],
    [30, 2.042],
    [1e9, 1.96],
  ])('with %d degrees of freedom is %d, within 1 %%', (df, quantile) => {
    expect(Math.abs(t95(df) / quantile - 1)).toBeLessThan(0.01);
  });
});
