import { describe, expect, it } from 'vitest';
import { drain, fetchFrom, serving, stageFor, summary, until, urlsOf } from './fetching.ts';

describe('Retry-After', () => {
  it('is honoured: no request to that host within the pause, no row lost, none counted as a failure', async () => {
    const hosts = { 'ra.test': [{ kind: 'rate-limit', requestsPerSecond: 5, burst: 4, retryAfterSec: 1 }] } as const;
    const { results, origin } = await fetchFrom(hosts, [...urlsOf('ra.test', 10), ...urlsOf('free.test', 50)], {
      perHostConcurrency: 2,
    });
    expect(results.filter(({ status }) => status === 'fetched')).toHaveLength(60);
    const { arrivalsMs = [], byStatus = {} } = origin.stats().get('ra.test') ?? {};
    expect(byStatus[429]).toBeGreaterThan(0);
    // Requests that were under way when the first 429 came cannot be called back; after them a whole second is quiet.
    const gaps = arrivalsMs.slice(1).map((atMs, at) => atMs - (arrivalsMs[at] as number));
    expect(Math.max(...gaps)).toBeGreaterThanOrEqual(950);
    const pauses = gaps.filter((gap) => gap > 500).length;
    expect(byStatus[429]).toBeLessThanOrEqual(2 * pauses);
  });

  it('of one host delays no other', async () => {
    const hosts = { 'ra.test': [{ kind: 'status', status: 429, retryAfterSec: 600 }] } as const;
    const origin = await serving(hosts);
    const stage = stageFor(origin);
    let free = 0;
    stage.on('data', (result) => {
      if (result.host === 'free.test') free += 1;
    });
    for (const url of [...urlsOf('ra.test', 20), ...urlsOf('free.test', 100)]) stage.write({ url });
    await until(() => free === 100, 3000);
    expect(origin.stats().get('ra.test')?.requests).toBeLessThanOrEqual(4);
  });

  it.each([
    ['an age of the world', { retryAfterSec: 1_000_000_000_000 }, 3600],
    ['longer than is allowed', { retryAfterSec: 2 }, 1],
  ])('for %s ends the rows of that host at once, and those of others are fetched', async (_, asked, maxSec) => {
    const hosts = { 'ra.test': [{ kind: 'status', status: 429, ...asked }] } as const;
    const startMs = performance.now();
    const { results, origin } = await fetchFrom(hosts, [...urlsOf('ra.test', 200), ...urlsOf('free.test', 50)], {
      maxRetryAfterMs: maxSec * 1000,
      perHostConcurrency: 2,
    });
    expect(performance.now() - startMs).toBeLessThan(4000);
    const {
      'fetched 1': fetched,
      'failed http_429 1': refused = 0,
      'failed host_paused 0': untried = 0,
    } = summary(results);
    expect([fetched, refused + untried]).toEqual([50, 200]);
    expect(refused).toBe(origin.stats().get('ra.test')?.requests);
    expect(refused).toBeLessThanOrEqual(2);
  });

  it('time after time ends a row when its pauses come to more than is allowed', async () => {
    const hosts = { 'ra.test': [{ kind: 'status', status: 503, retryAfterSec: 1 }] } as const;
    const { results } = await fetchFrom(hosts, urlsOf('ra.test', 1), { maxRetryAfterMs: 2500 });
    expect(summary(results)).toEqual({ 'failed http_503 3': 1 });
  });

  it('uses up no attempts with 503 either', async () => {
    const hosts = { 'h.test': [{ kind: 'outage', startMs: 0, endMs: 700, retryAfterSec: 1 }] } as const;
    const { results } = await fetchFrom(hosts, urlsOf('h.test', 6), { maxAttempts: 1, perHostConcurrency: 2 });
    expect(results.map(({ status }) => status)).toEqual(new Array(6).fill('fetched'));
  });
});

describe('a host that only ever says 429', () => {
  it('is asked twenty times per row, then the row ends with http_429', async () => {
    const { results, origin } = await fetchFrom({ 'h.test': [{ kind: 'status', status: 429 }] }, urlsOf('h.test', 3), {
      retryBackoffMs: 0,
    });
    expect(summary(results)).toEqual({ 'failed http_429 20': 3 });
    expect(origin.stats().get('h.test')?.requests).toBe(60);
  });
});

describe('a rate', () => {
  it('set for all hosts is kept, and used in full', async () => {
    const origin = await serving({});
    const stage = stageFor(origin, { perHostRate: 100, perHostConcurrency: 20 });
    const startMs = performance.now();
    await drain(stage, urlsOf('h.test', 120));
    const seconds = (performance.now() - startMs) / 1000;
    expect(120 / seconds).toBeLessThan(105);
    expect(120 / seconds).toBeGreaterThan(75);
  });

  it('set for one host leaves the others alone', async () => {
    const origin = await serving({});
    const stage = stageFor(origin, { hosts: { 'slow.test': { requestsPerSecond: 20, cMax: 1 } } });
    const results = await drain(stage, [...urlsOf('slow.test', 20), ...urlsOf('fast.test', 200)]);
    expect(results.findLastIndex(({ host }) => host === 'fast.test')).toBeLessThan(215);
    expect(origin.stats().get('slow.test')?.maxInFlight).toBe(1);
  });
});
