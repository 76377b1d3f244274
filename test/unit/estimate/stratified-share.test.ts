import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/estimate/seeded-random.ts';
import { stratifiedShare } from '../../../src/estimate/stratified-share.ts';

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
    const random = seededRandom(11);
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
