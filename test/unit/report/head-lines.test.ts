import { describe, expect, it } from 'vitest';
import { headLines } from '../../../src/report/head-lines.ts';

const TOTALS = { units: 2, rows: 10, fetched: 10, failed: 0, skipped: 0, bytes: 1000, errors: {} };

function linesOf(heldMs: number | undefined, ...outs: readonly string[]): string[] {
  const runs = [{ startedAtMs: 0, elapsedMs: 10_000, heldMs }];
  return headLines({ ...TOTALS, complete: true, outs, runs });
}

describe('the head of a report', () => {
  it.for([
    ['/data/out', 'the disk of /data/out'],
    ['s3://bucket/out', 'the store s3://bucket/out'],
    ['-', 'whoever reads stdout'],
  ] as const)('names the output when that is what a run waited for (%s)', ([out, name]) => {
    expect(linesOf(6200, out)).toContain(
      `held: 62.0 % of the time nothing was sent: ${name} is slower than the network`,
    );
  });

  it('says that no shard is done, where it would be nothing of nothing', () => {
    const nothing = { ...TOTALS, units: 0, rows: 0, fetched: 0, bytes: 0 };
    const [first] = headLines({ ...nothing, complete: false, outs: ['/data/out'], runs: [] });
    expect(first).toBe('unfinished: no shard is done yet');
  });

  it('names the upload when that is what the disk waited for', () => {
    const runs = [{ startedAtMs: 0, elapsedMs: 10_000, heldMs: 6200 }];
    const upload = 'the upload by gocmd to birds';
    expect(headLines({ ...TOTALS, complete: true, outs: ['/data/out'], runs, upload })).toContain(
      'held: 62.0 % of the time nothing was sent: the upload by gocmd to birds is slower than the network',
    );
  });

  it('does not name it when it kept up, or nobody looked', () => {
    for (const heldMs of [undefined, 0, 900])
      expect(linesOf(heldMs, '/data/out').join()).not.toContain('slower than the network');
  });

  it('says what to run next, with how the store was reached', () => {
    const out = 's3://bucket/out';
    const reach = { endpoint: 'http://minio.lab:9000', region: 'eu', profile: 'my lab', pathStyle: false };
    const nextOf = (complete: boolean, name: string): string | undefined =>
      headLines({ ...TOTALS, complete, outs: [name], runs: [], reach }).find((line) => line.startsWith('next: '));
    const flags = "--s3-endpoint http://minio.lab:9000 --s3-region eu --s3-profile 'my lab' --no-s3-path-style";
    expect(nextOf(true, out)).toBe(`next: flow-dc verify s3://bucket/out ${flags}`);
    expect(nextOf(false, out)).toBe(`next: flow-dc resume s3://bucket/out ${flags}`);
    expect(nextOf(true, '/data/out')).toBe('next: flow-dc verify /data/out');
  });

  it('of a tar on stdout has nothing that could be done next', () => {
    expect(linesOf(0, '-')).toEqual([
      'done: 10 of 10 rows fetched (100 %), 1.00 kB in one tar',
      expect.stringMatching(/^time/),
    ]);
  });
});
