import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { drain, fetchFrom, stageFor, summary, urlsOf } from './fetching.ts';

const OPTIONS = { timeoutMs: 1500, maxAttempts: 1, maxBytes: 1_000_000 };

describe('hosts that never answer, drip, send without end or reset', () => {
  it('delay neither the others nor the end beyond their time limits, and the outcome says why', async () => {
    const hosts = {
      'never.test': [{ kind: 'never' }],
      'drip.test': [{ kind: 'drip', bytesPerSecond: 1 }],
      'declared.test': [{ kind: 'endless' }],
      'endless.test': [{ kind: 'endless', declared: false }],
      'reset.test': [{ kind: 'reset-before-headers' }],
    } as const;
    const bad = Object.keys(hosts).flatMap((host) => urlsOf(host, 4));
    const startMs = performance.now();
    const { results, stage } = await fetchFrom(hosts, [...bad, ...urlsOf('good.test', 60)], OPTIONS);
    const tookMs = performance.now() - startMs;
    const codes = Object.keys(hosts).map((host) => [host, summary(results.filter((result) => result.host === host))]);
    expect(Object.fromEntries(codes)).toEqual({
      'never.test': { 'failed timeout_headers 1': 4 },
      'drip.test': { 'failed timeout_body 1': 4 },
      'declared.test': { 'failed too_large 1': 4 },
      'endless.test': { 'failed too_large 1': 4 },
      'reset.test': { 'failed reset 1': 4 },
    });
    const order = results.map(({ host }) => host);
    expect(order.lastIndexOf('good.test')).toBeLessThan(order.indexOf('never.test'));
    expect(tookMs).toBeLessThan(5000);
    expect(stage.stats().bodyBytesHeld).toBe(0);
  });
});

describe('a host', () => {
  it('gets the time limit that is set for it', async () => {
    const { results } = await fetchFrom(
      { 'slow.test': [{ kind: 'latency', meanMs: 400 }] },
      [...urlsOf('slow.test', 1), ...urlsOf('good.test', 1)],
      {
        ...OPTIONS,
        timeoutMs: 5000,
        hosts: { 'slow.test': { timeoutMs: 100 } },
      },
    );
    expect(summary(results)).toEqual({ 'failed timeout_headers 1': 1, 'fetched 1': 1 });
  });

  it('cannot stretch the time of an attempt by redirects, each of which comes in time', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', () => {
        const reply = 'HTTP/1.1 302 Found\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n';
        setTimeout(() => socket.write(reply), 200);
      });
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const connectTo = `::127.0.0.1:${(server.address() as AddressInfo).port}`;
    const startMs = performance.now();
    const stage = stageFor({ connectTo } as never, { ...OPTIONS, timeoutMs: 500 });
    expect(summary(await drain(stage, urlsOf('a.test', 1)))).toEqual({ 'failed timeout_headers 1': 1 });
    expect(performance.now() - startMs).toBeLessThan(1500);
  });

  it('is down when it had no success for long: the rest of its rows do not each wait out their time', async () => {
    const startMs = performance.now();
    const { results } = await fetchFrom({ 'never.test': [{ kind: 'never' }] }, urlsOf('never.test', 200), {
      ...OPTIONS,
      timeoutMs: 200,
      breakerFailures: 5,
    });
    const counts = summary(results);
    expect(counts['failed host_down 0']).toBeGreaterThan(150);
    expect(performance.now() - startMs).toBeLessThan(3000);
  });
});

describe('a result', () => {
  it('tells the time to the headers and to the end, without the wait for a permit', async () => {
    const { results } = await fetchFrom(
      {
        'h.test': [
          { kind: 'latency', meanMs: 60 },
          { kind: 'drip', bytesPerSecond: 20_000 },
        ],
      },
      urlsOf('h.test', 3),
      {
        perHostConcurrency: 1,
      },
    );
    for (const { headersMs = 0, totalMs = 0 } of results) {
      expect(headersMs).toBeGreaterThan(50);
      expect(headersMs).toBeLessThan(200);
      expect(totalMs).toBeGreaterThan(headersMs + 40);
    }
  });
});
