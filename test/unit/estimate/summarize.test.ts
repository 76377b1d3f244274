import { describe, expect, it } from 'vitest';
import { projectedTime } from '../../../src/estimate/summarize.ts';

const OPTIONS = { hostConcurrency: 8, concurrentDownloads: 100 };
const stratum = (host: string, rows: number) => ({ host, rows, hosts: 1, sample: [] });

describe('projectedTime', () => {
  it('is decided by the host whose rows take longest at the rate of its probes', () => {
    const paces = new Map([
      ['slow.test', { answers: 100, headersMs: 2000, spanMs: 10_000 }],
      ['fast.test', { answers: 100, headersMs: 10, spanMs: 100 }],
    ]);
    const found = projectedTime([stratum('fast.test', 1000), stratum('slow.test', 1000)], paces, 1e9, OPTIONS);
    expect(found.slowestHost).toEqual({ host: 'slow.test', rows: 1000, requestsPerSecond: 10 });
    expect(found).toMatchObject({ requestsMs: 100_000, transferMs: { at100Mbit: 80_000, at1Gbit: 8000 } });
  });

  it('takes the rate of the first requests in flight when there were too few answers to measure one', () => {
    const paces = new Map([['a.test', { answers: 2, headersMs: 400, spanMs: 100_000 }]]);
    expect(projectedTime([stratum('a.test', 1000)], paces, undefined, OPTIONS).slowestHost?.requestsPerSecond).toBe(20);
  });

  it('is decided by the downloads at once when every host has few rows', () => {
    const paces = new Map(
      Array.from({ length: 50 }, (_, i) => [`h${i}.test`, { answers: 1, headersMs: 1000, spanMs: 1000 }] as const),
    );
    const found = projectedTime([{ rows: 10_000, hosts: 5000, sample: [] }], paces, 1, OPTIONS);
    expect([found.requestsMs, found.slowestHost]).toEqual([100_000, undefined]);
  });

  it('says nothing of requests when nothing answered', () => {
    expect(projectedTime([stratum('a.test', 10)], new Map(), undefined, OPTIONS)).toEqual({});
  });
});
