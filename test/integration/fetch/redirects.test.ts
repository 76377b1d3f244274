import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { rawServer } from '../../support/raw-server.ts';
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

describe('cookies that a redirect sets', () => {
  const IMAGE =
    'HTTP/1.1 200 OK\r\ncontent-type: image/x-portable-graymap\r\ncontent-length: 12\r\n\r\nP5 1 1 255 \x04';
  /** A host says where to go next, by the path; asked with what, by host and path. */
  async function walk(steps: Record<string, [to: string, ...cookies: string[]]>, options: object, urls: string[]) {
    const sent: Record<string, string[]> = {};
    const connectTo = await rawServer((socket, request) => {
      const [, path = ''] = /^GET (\S+)/.exec(request) ?? [];
      const place = `${/^host: (.*)\r$/im.exec(request)?.[1]}${path}`;
      const cookie = /^cookie: (.*)\r$/im.exec(request)?.[1] ?? '';
      sent[place] = [...(sent[place] ?? []), cookie];
      const [to, ...cookies] = steps[place] ?? [];
      if (to === undefined || cookie.includes('enough')) return void socket.write(IMAGE, 'latin1');
      const lines = cookies.map((line) => `set-cookie: ${line}\r\n`).join('');
      socket.write(`HTTP/1.1 302 Found\r\nlocation: ${to}\r\n${lines}content-length: 0\r\n\r\n`);
    });
    const stage = stageFor({ connectTo } as never, { perHostConcurrency: 1, maxAttempts: 1, ...options });
    const ends = summary(await drain(stage, urls));
    for (const cookies of Object.values(sent)) cookies.sort();
    return { summary: ends, sent };
  }

  it('are sent back along the row’s redirects, and to nobody else’s row', async () => {
    const steps = { 'a.test/1': ['/1', 'enough=1; Path=/'], 'a.test/2': ['/2', 'enough=1'] } as const;
    const both = await walk(steps as never, {}, ['http://a.test/1', 'http://a.test/1', 'http://a.test/2']);
    expect(both).toEqual({
      summary: { 'fetched 1': 3 },
      sent: { 'a.test/1': ['', '', 'enough=1', 'enough=1'], 'a.test/2': ['', 'enough=1'] },
    });
    const without = await walk(steps as never, { cookies: false }, ['http://a.test/1']);
    expect(without.summary).toEqual({ 'failed too_many_redirects 1': 1 });
  });

  it('keep to their domain, path and scheme, and to a bounded number', async () => {
    const flood = Array.from({ length: 25 }, (_, at) => `n${at}=${'x'.repeat(500)}`);
    const { sent } = await walk(
      {
        'www.a.example.com/x/1': [
          'http://img.a.example.com/x/2',
          'own=1',
          'wide=1; Domain=a.example.com; Path=/',
          'deep=1; Domain=a.example.com',
          'all=1; Domain=com',
          'other=1; Domain=b.example.org',
          'safe=1; Domain=a.example.com; Secure',
        ],
        'img.a.example.com/x/2': ['/y'],
        'img.a.example.com/y': ['http://b.example.org/z', ...flood],
        'b.example.org/z': ['http://img.a.example.com/last'],
      },
      { headers: [] },
      ['http://www.a.example.com/x/1'],
    );
    expect(sent['img.a.example.com/x/2']).toEqual(['deep=1; wide=1']);
    expect(sent['img.a.example.com/y']).toEqual(['wide=1']);
    expect(sent['b.example.org/z']).toEqual(['']);
    const [last = ''] = sent['img.a.example.com/last'] ?? [];
    expect(last.length).toBeGreaterThan(4096);
    expect(last.length).toBeLessThan(8193);
  });

  it('stand beside a Cookie header of the user’s own, and in place of one of the same name', async () => {
    const { sent } = await walk({ 'a.test/': ['/2', 'b=new'] }, { headers: ['Cookie: a=1; b=old'] }, [
      'http://a.test/',
    ]);
    expect(sent).toEqual({ 'a.test/': ['a=1; b=old'], 'a.test/2': ['a=1; b=new'] });
  });
});
