import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { httpProxy, socksProxy, type TestProxy } from '../../support/proxies.ts';
import { createTestCa } from '../../support/test-ca.ts';
import { drain, stageFor, summary } from './fetching.ts';

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

  it('that wants a password, or is not there, end as proxy_error; a host that it does not reach is not its fault', async () => {
    const { caFile, resolve } = await origins();
    const closed = await kept(httpProxy(resolve, 'me:secret'));
    expect(await ends(`http://127.0.0.1:${closed.port}`, ['https://a.test/3'], caFile)).toEqual({
      'failed proxy_error 1': 1,
    });
    closed.close();
    expect(await ends(`http://127.0.0.1:${closed.port}`, URLS.slice(0, 1), caFile)).toEqual({
      'failed proxy_error 1': 1,
    });
    for (const [kind, open] of [
      ['http', httpProxy],
      ['socks5h', socksProxy],
    ] as const) {
      const proxy = await kept(open(resolve));
      expect(await ends(`${kind}://127.0.0.1:${proxy.port}`, ['https://gone.test/'], caFile)).toEqual({
        'failed connect_error 1': 1,
      });
    }
  });

  it('to private addresses are refused where the URL says so, and not asked of it', async () => {
    const { caFile, resolve } = await origins();
    const proxy = await kept(httpProxy(resolve));
    const urls = ['http://169.254.169.254/latest', 'http://localhost/', 'https://[::1]/', 'http://10.1.1.1/'];
    const options = { allowPrivate: [] };
    expect(await ends(`http://127.0.0.1:${proxy.port}`, urls, caFile, options)).toEqual({
      'failed address_refused 1': 4,
    });
    expect(proxy.asked).toEqual([]);
  });
});

async function kept(opening: Promise<TestProxy>): Promise<TestProxy> {
  const proxy = await opening;
  onTestFinished(() => proxy.close());
  return proxy;
}
