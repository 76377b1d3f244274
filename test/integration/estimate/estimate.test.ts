import { describe, expect, it } from 'vitest';
import type { Behaviour } from '../../../src/demo-hosts/behaviour.ts';
import { type EstimateOptions, estimateManifest } from '../../../src/estimate/estimate-manifest.ts';
import { type KnownOrigin, knownOrigin } from './known-origin.ts';

/** Fixed, so that every run of the test takes the same rows. */
const SEEDS = Array.from({ length: 20 }, (_, i) => 101 + i);
const GONE = { path: '/gone/*', behaviours: [{ kind: 'status', status: 404 }] } as const;

function estimate({ origin, manifest }: KnownOrigin, options: EstimateOptions = {}) {
  const fetch = {
    connectTo: [origin.connectTo],
    timeoutMs: 5000,
    retryBackoffMs: 10,
    maxAttempts: 2,
    ...options.fetch,
  };
  return estimateManifest(manifest, { sampleRows: 300, ...options, fetch });
}

function on(host: string, ...behaviours: Behaviour[]) {
  return { host, behaviours };
}

describe('estimateManifest', () => {
  it('covers the true total of heavy-tailed sizes in at least 18 of 20 repetitions, on hosts that refuse HEAD or lie', async () => {
    const small = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`small${i}.test`, 8 + (i % 9)]));
    const known = await knownOrigin(
      { 'big.test': 5000, 'second.test': 2000, 'nohead.test': 900, 'liar.test': 900, 'silent.test': 300, ...small },
      [
        GONE,
        on('nohead.test', { kind: 'head-status', status: 405 }),
        on('liar.test', { kind: 'head-length', times: 0.1 }),
        on('silent.test', { kind: 'chunked' }),
      ],
      10,
    );
    const found = [];
    for (const sampleSeed of SEEDS) found.push(await estimate(known, { sampleSeed }));
    const covered = found.filter(
      ({ bytes }) => bytes !== undefined && bytes.low <= known.bytes && known.bytes <= bytes.high,
    );
    console.log(
      `covered ${covered.length} of ${found.length}; ${found.map(({ bytes }) => ((bytes?.total ?? 0) / known.bytes).toFixed(2)).join(' ')}`,
    );
    expect(covered.length).toBeGreaterThanOrEqual(18);
    for (const { probes, failures, sample } of found) {
      expect(probes.liars).toEqual(['liar.test']);
      expect(failures.map(({ code }) => code)).toEqual(['http_404']);
      expect(sample.unresolved).toBe(0);
    }
    const covers404 = found.filter(
      ({ failures: [gone] }) => gone !== undefined && gone.low <= known.rows / 10 && known.rows / 10 <= gone.high,
    );
    expect(covers404.length).toBeGreaterThanOrEqual(18);
  });

  it('finds the exact total, without an interval, when every row is asked', async () => {
    const known = await knownOrigin({ 'a.test': 60, 'b.test': 30, 'c.test': 1 }, [GONE], 7);
    const { bytes, fetched, failures } = await estimate(known, { sampleRows: 500 });
    expect(bytes).toEqual({ total: known.bytes, low: known.bytes, high: known.bytes });
    expect(fetched.low).toBe(fetched.high);
    expect(fetched.rows + (failures[0]?.rows ?? 0)).toBe(91);
  });

  it('never counts rows without a known size as 0 bytes: they widen the interval and are told', async () => {
    const known = await knownOrigin({ 'good.test': 50, 'down.test': 50 }, []);
    known.origin.setRules([on('down.test', { kind: 'status', status: 500 })]);
    const { bytes, unresolved, failures, hosts } = await estimate(known, {
      sampleRows: 1000,
      fetch: { maxAttempts: 1 },
    });
    const good = hosts.find(({ host }) => host === 'good.test');
    expect(hosts.map(({ host }) => host)).toEqual(['good.test']);
    expect(unresolved.rows).toBe(50);
    // A host that only fails is left alone after a few rows.
    expect(unresolved.sampled).toBeLessThan(13);
    expect(failures).toMatchObject([{ code: 'http_500', transient: true, rows: 50 }]);
    expect(bytes?.low).toBeCloseTo(good?.bytes ?? 0, 0);
    expect(bytes?.total).toBeCloseTo(2 * (good?.bytes ?? 0), 0);
    expect(bytes?.high).toBeGreaterThan(bytes?.total ?? 0);
    expect(known.bytes).toBeLessThan(bytes?.high ?? 0);
  });

  it('asks a host that refuses HEAD, or tells no length, by GET for one byte', async () => {
    const known = await knownOrigin({ 'a.test': 40, 'b.test': 40 }, [
      on('a.test', { kind: 'head-status', status: 403 }),
      on('b.test', { kind: 'head-length', times: 'none' }),
    ]);
    const { bytes, probes } = await estimate(known, {
      sampleRows: 500,
      fetch: { enablePaarc: false, perHostConcurrency: 1 },
    });
    expect(bytes?.total).toBe(known.bytes);
    // HEAD is given up after a few tries per host.
    expect(probes.head).toBeLessThan(20);
    expect(probes.range).toBe(80);
    expect(probes.whole).toBe(0);
  });

  it('asks every row again of a host that is caught lying', async () => {
    const known = await knownOrigin({ 'liar.test': 100 }, [
      { path: '*7.jpg', behaviours: [{ kind: 'head-length', times: 3 }] },
    ]);
    const { bytes, probes } = await estimate(known, { sampleRows: 500 });
    expect(probes.liars).toEqual(['liar.test']);
    expect(bytes?.total).toBe(known.bytes);
  });

  it('takes the length of the whole reply when Range is ignored, and reads a body only when no header tells its size', async () => {
    const known = await knownOrigin({ 'whole.test': 20, 'chunked.test': 10 }, [
      on('whole.test', { kind: 'head-status', status: 405 }, { kind: 'no-range' }),
      on('chunked.test', { kind: 'chunked' }),
    ]);
    const { bytes, probes } = await estimate(known, { sampleRows: 500 });
    expect(bytes?.total).toBe(known.bytes);
    expect(probes.whole).toBe(10);
  });

  it('foresees pages in place of images, opted-out images, redirects and bodies that are too large', async () => {
    const known = await knownOrigin({ 'page.test': 5, 'noai.test': 5, 'moved.test': 5, 'huge.test': 5 }, [
      on('page.test', { kind: 'html', contentType: 'text/html; charset=utf-8' }),
      on('noai.test', { kind: 'robots-tag', value: 'noai' }),
      on('moved.test', { kind: 'redirect', to: 'same-host' }),
      on('huge.test', { kind: 'endless', totalBytes: 200_000_000 }),
    ]);
    const { failures, fetched } = await estimate(known, { sampleRows: 500 });
    expect(Object.fromEntries(failures.map(({ code, rows }) => [code, rows]))).toEqual({
      not_media: 5,
      robots_tag: 5,
      too_large: 5,
    });
    expect(fetched.rows).toBe(5);
  });

  it('stays within a host rule for requests at once, as a download does', async () => {
    const known = await knownOrigin({ 'a.test': 60 }, [on('a.test', { kind: 'latency', meanMs: 10 })]);
    await estimate(known, { fetch: { hosts: { 'a.test': { cMax: 3 } } } });
    expect(known.origin.stats().get('a.test')?.maxInFlight).toBeLessThanOrEqual(3);
  });

  it('says that nothing could be learnt when no host is there', async () => {
    const known = await knownOrigin({ 'a.test': 20 }, []);
    const { bytes, sample } = await estimate(known, {
      fetch: { connectTo: ['::127.0.0.1:1'], offlineHoldMs: 0, maxAttempts: 1 },
    });
    expect(bytes).toBeUndefined();
    expect([sample.sized, sample.failed]).toEqual([0, 0]);
    expect(sample.unresolved).toBeGreaterThan(9);
  });

  it('ends with FDC_ERR_INTERRUPTED, and without open sockets, when its signal aborts between probes', async () => {
    const known = await knownOrigin({ 'slow.test': 200 }, [on('slow.test', { kind: 'latency', meanMs: 50 })]);
    const stop = new AbortController();
    const found = estimate(known, { signal: stop.signal, onProbes: (done) => done === 5 && stop.abort() });
    await expect(found).rejects.toMatchObject({ code: 'FDC_ERR_INTERRUPTED' });
  });
});
