import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RowSampler } from '../../../src/estimate/row-sampler.ts';
import { makeStrata } from '../../../src/estimate/strata.ts';
import { preciseRandom } from '../../../src/structures/seeded-random.ts';

function sampled(hosts: readonly string[], keep: number, seed = 1, maxGroups?: number): RowSampler {
  const sampler = new RowSampler(keep, preciseRandom(seed), maxGroups);
  for (const [row, host] of hosts.entries()) sampler.add({ row, url: `http://${host}/${row}`, host });
  return sampler;
}

describe('RowSampler', () => {
  it('keeps the rows with the lowest places, two of every host at least, and counts all', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 300 }),
        fc.integer({ min: 1, max: 40 }),
        (ids, keep) => {
          const hosts = ids.map((id) => `h${id}.test`);
          const sampler = sampled(hosts, keep);
          const groups = sampler.groups();
          expect(groups.reduce((sum, { rows }) => sum + rows, 0)).toBe(hosts.length);
          const places = groups.flatMap(({ lowest }) => lowest.map(({ place }) => place));
          expect(places.filter((place) => place <= sampler.limit).length).toBe(Math.min(keep, hosts.length));
          for (const { host, rows, lowest } of groups) {
            expect(rows).toBe(hosts.filter((name) => name === host).length);
            expect(lowest.length).toBeGreaterThanOrEqual(Math.min(2, rows));
            expect(lowest.every((row) => row.host === host && row.url === `http://${host}/${row.row}`)).toBe(true);
          }
        },
      ),
    );
  });

  it('takes every row equally often', () => {
    const times = new Array<number>(20).fill(0);
    const hosts = times.map((_, row) => (row < 15 ? 'a.test' : 'b.test'));
    for (let seed = 0; seed < 4000; seed += 1) {
      const sampler = sampled(hosts, 12, seed);
      for (const { sample } of makeStrata(sampler.groups(), 8, sampler.limit))
        for (const { row } of sample) times[row] = (times[row] ?? 0) + 1;
    }
    // 6 of 15 and 2 of 5: 1600 each, within five standard deviations.
    for (const count of times) expect(Math.abs(count - 1600)).toBeLessThan(155);
  });

  it('joins small hosts when there are too many, and loses no row of the count nor of the lowest', () => {
    const hosts = Array.from({ length: 5000 }, (_, i) => (i % 2 === 0 ? 'big.test' : `h${i}.test`));
    const sampler = sampled(hosts, 200, 3, 50);
    const groups = sampler.groups();
    expect(groups.length).toBeLessThan(80);
    expect(groups.reduce((sum, { rows }) => sum + rows, 0)).toBe(5000);
    expect(groups.find(({ host }) => host === 'big.test')?.rows).toBe(2500);
    expect(groups.flatMap(({ lowest }) => lowest).filter(({ place }) => place <= sampler.limit)).toHaveLength(200);
  });

  it('takes the same rows for the same seed and others for another', () => {
    const hosts = new Array<string>(500).fill('a.test');
    const rowsOf = (seed: number) =>
      sampled(hosts, 20, seed)
        .groups()[0]
        ?.lowest.map(({ row }) => row);
    expect(rowsOf(5)).toEqual(rowsOf(5));
    expect(rowsOf(5)).not.toEqual(rowsOf(6));
  });
});

describe('makeStrata', () => {
  it('gives large hosts a stratum of their own and puts small ones together, in proportion to their rows', () => {
    const hosts = [
      ...new Array<string>(600).fill('a.test'),
      ...new Array<string>(300).fill('b.test'),
      ...Array.from({ length: 100 }, (_, i) => `s${i}.test`),
    ];
    const sampler = sampled(hosts, 300);
    const strata = makeStrata(sampler.groups(), 100, sampler.limit);
    expect(strata.map(({ host, rows, hosts: members, sample }) => [host, rows, members, sample.length])).toEqual([
      ['a.test', 600, 1, 60],
      ['b.test', 300, 1, 30],
      [undefined, 100, 100, 10],
    ]);
  });

  it('takes every row when as many are asked for', () => {
    const hosts = ['a.test', 'a.test', 'a.test', 'b.test'];
    const sampler = sampled(hosts, 100);
    const strata = makeStrata(sampler.groups(), 50, sampler.limit);
    expect(strata.flatMap(({ sample }) => sample.map(({ row }) => row)).sort()).toEqual([0, 1, 2, 3]);
  });

  it('takes two rows of a part that has them, however small its share', () => {
    const hosts = [...new Array<string>(10_000).fill('a.test'), 'x.test', 'y.test', 'y.test'];
    const sampler = sampled(hosts, 50);
    const strata = makeStrata(sampler.groups(), 20, sampler.limit);
    expect(strata.map(({ rows, sample }) => [rows, sample.length])).toEqual([
      [10_000, 20],
      [3, 2],
    ]);
  });
});
