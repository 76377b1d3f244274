import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { drain, fetchFrom, serving, stageFor, summary, urlsOf } from './fetching.ts';

const OTHER = [{ kind: 'redirect', to: 'other-host', host: 'other.test' }] as const;

describe('a redirect', () => {
  it('to another host is followed under that host’s limit, and the final URL is told', async () => {
    const hosts = { 'a.test': OTHER, 'other.test': [{ kind: 'latency', meanMs: 20 }] } as const;
    const { results, origin } = await fetchFrom(hosts, urlsOf('a.test', 30), {
      perHostConcurrency: 30,
      hosts: { 'other.test': { cMax: 2 } },
    });
    expect(summary(results)).toEqual({ 'fetched 1': 30 });
    expect(origin.stats().get('other.test')?.maxInFlight).toBeLessThanOrEqual(2);
    expect(results.every(({ host, finalUrl }) => host === 'a.test' && finalUrl?.startsWith('http://other.test/'))).toBe(
      true,
    );
  });

  it('to a host that pauses waits there, and keeps no place at the first', async () => {
    const hosts = { 'a.test': OTHER, 'other.test': [{ kind: 'rate-limit', requestsPerSecond: 20, burst: 2 }] } as const;
    const { results } = await fetchFrom(hosts, [...urlsOf('a.test', 6), ...urlsOf('b.test', 20)], {
      perHostConcurrency: 1,
      concurrentDownloads: 2,
    });
    expect(results.filter(({ status }) => status === 'fetched')).toHaveLength(26);
    expect(results.findLastIndex(({ host }) => host === 'b.test')).toBeLessThan(25);
  });

  it.for(['127.0.0.1:1', '10.0.0.1', '169.254.169.254', '[::1]', '0x7f.1', '2130706433', 'localhost'])(
    'to the private address %s is refused',
    async (host) => {
      const origin = await serving({ 'a.test': [{ kind: 'redirect', to: 'private', host }] });
      // Only the row's own host is sent to the origin; the guard sees where the redirect leads.
      const stage = stageFor(origin, { connectTo: [`a.test:80:127.0.0.1:${origin.port}`] });
      const [result] = await drain(stage, urlsOf('a.test', 1));
      expect(result).toMatchObject({ status: 'failed', code: 'address_refused', host: 'a.test' });
    },
  );

  it('to a host that is to be skipped ends there', async () => {
    const { results } = await fetchFrom({ 'a.test': OTHER }, urlsOf('a.test', 1), {
      hosts: { 'other.test': { skip: true } },
    });
    expect(results[0]).toMatchObject({ status: 'skipped', code: 'host_skipped' });
  });

  it('is followed no further than max_redirects', async () => {
    const { results } = await fetchFrom(
      { 'a.test': [{ kind: 'redirect', to: 'same-host', hops: 4 }] },
      urlsOf('a.test', 1),
      {
        maxRedirects: 3,
      },
    );
    expect(results[0]?.code).toBe('too_many_redirects');
  });
});

describe('headers and credentials', () => {
  it('go to the row’s own host and never to another', async () => {
    const seen: IncomingMessage[] = [];
    const server = createServer((request, response) => {
      seen.push(request);
      const isFirst = request.headers.host === 'a.test';
      response.writeHead(
        isFirst ? 302 : 200,
        isFirst ? { location: 'http://other.test/b' } : { 'content-type': 'image/x-portable-graymap' },
      );
      response.end(isFirst ? '' : 'P5 1 1 255 \u0001');
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const stage = stageFor({ connectTo: `::127.0.0.1:${port}` } as never, {
      headers: ['X-Run: run-secret'],
      request: () => ({ headers: { Cookie: 'row-secret' } }),
      hosts: { 'a.test': { headers: ['X-Host: host-secret'] } },
    });
    const [result] = await drain(stage, ['http://user:url-secret@a.test/a?token=q']);
    expect(result?.status).toBe('fetched');
    expect(seen[0]?.headers).toMatchObject({
      'x-run': 'run-secret',
      cookie: 'row-secret',
      'x-host': 'host-secret',
      authorization: expect.stringContaining('Basic'),
    });
    expect(JSON.stringify([seen[1]?.headers, seen[1]?.url])).not.toMatch(/secret|Basic|token/);
  });
});
