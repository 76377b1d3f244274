import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../../../src/clock.ts';
import { httpProxy, socksProxy, type TestProxy } from '../../support/proxies.ts';
import { createTestCa } from '../../support/test-ca.ts';
import { drain, type Result, stageFor, summary, until } from './fetching.ts';

const CA = createTestCa();
const IMAGE = Buffer.from('P5 1 1 255 \x04');

/** Two origins that only a proxy finds, and an authority for one of them. */
async function origins() {
  const answer = (_: unknown, reply: { writeHead(status: number, headers: object): { end(body: Buffer): void } }) =>
    void reply.writeHead(200, { 'content-type': 'image/x-portable-graymap' }).end(IMAGE);
  const plain = createServer(answer as never).listen(0, '127.0.0.1');
  const tls = createTlsServer({ key: CA.tls.key, cert: CA.certFor('a.test') }, answer as never).listen(0, '127.0.0.1');
  await Promise.all([once(plain, 'listening'), once(tls, 'listening')]);
  const folder = mkdtempSync(join(tmpdir(), 'fdc-test-'));
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, CA.caPem);
  onTestFinished(() => {
    for (const server of [plain, tls]) server.closeAllConnections();
    for (const server of [plain, tls]) server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const ports: Record<string, number> = {
    'a.test:80': (plain.address() as AddressInfo).port,
    'a.test': (plain.address() as AddressInfo).port,
    'a.test:443': (tls.address() as AddressInfo).port,
  };
  return { caFile, resolve: (place: string) => ports[place] ?? 1 };
}

async function ends(proxy: string | undefined, urls: readonly string[], caFile: string, options: object = {}) {
  const own = { proxy, caFile, maxAttempts: 1, perHostConcurrency: 2, connectTo: [], ...options };
  return summary(await drain(stageFor({} as never, own), urls));
}

const URLS = ['http://a.test/1', 'http://a.test/2?x=1', 'https://a.test/3', 'https://a.test/4'];

describe('rows by way of a proxy', () => {
  it('of HTTP ask it for plain URLs whole and for a tunnel to TLS; names are its to look up', async () => {
    const { caFile, resolve } = await origins();
    const proxy = await kept(httpProxy(resolve, 'me:se%cret'));
    expect(await ends(`http://me:se%25cret@127.0.0.1:${proxy.port}`, URLS, caFile)).toEqual({ 'fetched 1': 4 });
    expect(proxy.asked).toContain('GET http://a.test/2?x=1');
    expect(proxy.asked).toContain('CONNECT a.test:443');
    expect(proxy.asked.some((line) => line.startsWith('CONNECT a.test:80'))).toBe(false);
  });

  it('of SOCKS 5 go through a tunnel', async () => {
    const { caFile, resolve } = await origins();
    const proxy = await kept(socksProxy(resolve, 'me:secret'));
    expect(await ends(`socks5h://me:secret@127.0.0.1:${proxy.port}`, URLS, caFile)).toEqual({ 'fetched 1': 4 });
    expect(new Set(proxy.asked)).toEqual(new Set(['SOCKS a.test:80', 'SOCKS a.test:443']));
  });

  it('over TLS are asked the same', async () => {
    const { caFile, resolve } = await origins();
    const tls = { key: CA.tls.key as string, cert: CA.certFor('127.0.0.1') };
    const proxy = await kept(httpProxy(resolve, 'me:secret', { tls }));
    expect(await ends(`https://me:secret@127.0.0.1:${proxy.port}`, URLS, caFile)).toEqual({ 'fetched 1': 4 });
  });

  it.each(['http', 'https', 'socks5h'])(
    'that wants other credentials stop at once, over %s, with a line that holds none',
    async (kind) => {
      const { caFile, resolve } = await origins();
      const proxy = await kept((kind === 'socks5h' ? socksProxy : httpProxy)(resolve, 'me:secret'));
      const url = kind === 'https' ? 'https://a.test/3' : 'http://a.test/1';
      const at = `${kind === 'socks5h' ? kind : 'http'}://`;
      for (const [user, what] of [
        ['', 'asks for a user and password'],
        ['me:wrong@', 'refuses the user and password'],
      ]) {
        const run = ends(`${at}${user}127.0.0.1:${proxy.port}`, [url], caFile);
        const fault = expect.stringMatching(
          new RegExp(`^the proxy ${at}127.0.0.1:\\d+ ${what}; give --proxy with USER`),
        );
        await expect(run).rejects.toMatchObject({ code: 'FDC_ERR_PROXY', message: fault });
      }
    },
  );

  it('that was never there stop at once', async () => {
    const { caFile, resolve } = await origins();
    const proxy = await kept(httpProxy(resolve));
    proxy.close();
    await expect(ends(`http://127.0.0.1:${proxy.port}`, URLS.slice(0, 1), caFile)).rejects.toMatchObject({
      code: 'FDC_ERR_PROXY',
      message: expect.stringContaining('cannot be reached: connect ECONNREFUSED'),
    });
  });

  it('that goes away wait for it, and no row is the worse for it', async () => {
    const { caFile, resolve } = await origins();
    const proxy = await kept(httpProxy(resolve));
    const { port } = proxy;
    const clock = faster(25);
    const proxyUrl = `http://127.0.0.1:${port}`;
    const options = { proxy: proxyUrl, caFile, maxAttempts: 1, connectTo: [], timeoutMs: 60_000, clock };
    const stage = stageFor({} as never, options);
    const results: Result[] = [];
    stage.on('data', (result: Result) => results.push(result));
    for (const url of URLS) stage.write({ url });
    await until(() => results.length === URLS.length);
    proxy.close();
    for (const url of URLS) stage.write({ url: `${url}0` });
    stage.end();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(results).toHaveLength(URLS.length);
    await kept(httpProxy(resolve, undefined, { port }));
    await until(() => results.length === 2 * URLS.length);
    expect(summary(results)).toEqual({ 'fetched 1': 2 * URLS.length });
  });

  it('that refuses a place fail those rows only; a host that it does not reach is not its fault', async () => {
    const { caFile, resolve } = await origins();
    const refuse = (place: string): string | undefined =>
      place.startsWith('no.') ? 'HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nNo' : undefined;
    const proxy = await kept(httpProxy(resolve, undefined, { refuse }));
    const urls = ['https://no.test/1', 'https://a.test/3', 'https://gone.test/'];
    expect(await ends(`http://127.0.0.1:${proxy.port}`, urls, caFile)).toEqual({
      'failed proxy_error 1': 1,
      'fetched 1': 1,
      'failed connect_error 1': 1,
    });
    const socks = await kept(socksProxy(resolve));
    expect(await ends(`socks5h://127.0.0.1:${socks.port}`, ['https://gone.test/'], caFile)).toEqual({
      'failed connect_error 1': 1,
    });
  });

  it('to private addresses are refused where the URL says so, and not asked of it', async () => {
    const { caFile, resolve } = await origins();
    const proxy = await kept(httpProxy(resolve));
    const urls = [
      ...['http://169.254.169.254/latest', 'http://localhost/', 'https://[::1]/', 'http://10.1.1.1/'],
      ...['http://localhost./', 'http://metadata.google.internal/', 'https://[::ffff:10.1.1.1]/', 'http://0x7f.1/'],
    ];
    const options = { allowPrivate: [] };
    expect(await ends(`http://127.0.0.1:${proxy.port}`, urls, caFile, options)).toEqual({
      'failed address_refused 1': 8,
    });
    expect(proxy.asked).toEqual([]);
  });
});

/** Time that runs so many times faster. */
function faster(times: number): Clock {
  return {
    nowMs: () => times * systemClock.nowMs(),
    wallMs: () => systemClock.wallMs(),
    timer: (delayMs, fn) => systemClock.timer(delayMs / times, fn),
  } as Clock;
}

async function kept(opening: Promise<TestProxy>): Promise<TestProxy> {
  const proxy = await opening;
  onTestFinished(() => proxy.close());
  return proxy;
}
