import { describe, expect, it } from 'vitest';
import type { ManifestInspection } from '../../../src/inspect/inspection.ts';
import { manifestWarnings } from '../../../src/inspect/manifest-warnings.ts';

type Facts = Omit<ManifestInspection, 'warnings'>;

const GOOD: Facts = {
  files: [{ name: 'm.parquet', format: 'parquet', gzip: false, bytes: 1e6, rows: 10_000, rowGroupBytes: 1e6 }],
  rows: 10_000,
  limited: false,
  columns: [{ name: 'url', type: 'Utf8' }],
  roles: { url: 'url' },
  guessed: ['url'],
  sample: [],
  schemes: { http: 10, https: 9990, stored: 0, other: 0 },
  hosts: mix(20, 0.05),
  duplicates: { distinctUrls: 10_000, rows: 0, exact: true },
  badUrls: { rows: 0, kinds: [] },
};

function mix(count: number, largestShare: number): Facts['hosts'] {
  const top = [{ name: 'big.test', rows: 10_000 * largestShare, share: largestShare }];
  return { count, exact: true, error: 0, top, largestShare };
}

function codes(facts: Partial<Facts>): string[] {
  return manifestWarnings({ ...GOOD, ...facts }, []).map(({ code }) => code);
}

describe('manifestWarnings', () => {
  it('says nothing of a good manifest', () => {
    expect(codes({})).toEqual([]);
  });

  it.each<[string, Partial<Facts>]>([
    ['one_giant_host', { hosts: mix(3, 0.9) }],
    ['repeated_urls', { duplicates: { distinctUrls: 9000, rows: 1000, exact: true } }],
    [
      'large_row_groups',
      { files: [{ name: 'm.parquet', format: 'parquet', gzip: false, bytes: 1e9, rowGroupBytes: 3e8 }] },
    ],
    ['http_only', { schemes: { http: 10_000, https: 0, stored: 0, other: 0 } }],
    ['bad_urls', { badUrls: { rows: 200, kinds: [] } }],
    ['few_rows_per_host', { hosts: mix(4000, 0.01) }],
    ['null_labels', { labels: { ...mix(20, 0.1), nulls: 3958 } }],
    ['many_labels', { labels: { ...mix(200_000, 0.1), nulls: 0 } }],
  ])('warns of %s and says what to do', (code, facts) => {
    const [warning, ...more] = manifestWarnings({ ...GOOD, ...facts }, []);
    expect(warning).toMatchObject({ code, advice: expect.stringMatching(/\S{3}/) });
    expect(more).toEqual([]);
  });

  it('hands on what the reader found odd', () => {
    expect(manifestWarnings(GOOD, ['x is left out'])).toEqual([{ code: 'reader', message: 'x is left out' }]);
  });

  it('does not call the only host of a small manifest a giant', () => {
    expect(codes({ rows: 100, hosts: { ...mix(1, 1), top: [{ name: 'a.test', rows: 100, share: 1 }] } })).toEqual([]);
  });
});
