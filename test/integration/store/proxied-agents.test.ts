import { once } from 'node:events';
import { createServer, request as plainRequest, type RequestListener } from 'node:http';
import { createServer as createTlsServer, request as tlsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { proxyRules } from '../../../src/network/proxy.ts';
import { openObjectStore } from '../../../src/store/s3/open-object-store.ts';
import { proxiedAgents } from '../../../src/store/s3/proxied-agents.ts';
import { httpProxy, socksProxy, type TestProxy } from '../../support/proxies.ts';
import { createTestCa } from '../../support/test-ca.ts';

const CA = createTestCa();

/** Two servers that only a proxy finds; each tells what it was asked for. */
async function places() {
  const asked: string[] = [];
  const answer: RequestListener = (incoming, reply) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    reply.writeHead(200, { etag: '"1"', 'x-amz-request-id': '1', 'content-length': 4 }).end('here');
  };
  const plain = createServer(answer).listen(0, '127.0.0.1');
  const tls = createTlsServer({ key: CA.tls.key, cert: CA.certFor('s3.test') }, answer).listen(0, '127.0.0.1');
  await Promise.all([once(plain, 'listening'), once(tls, 'listening')]);
  onTestFinished(() => {
    for (const server of [plain, tls]) server.closeAllConnections();
    for (const server of [plain, tls]) server.close();
  });
  const [plainPort, tlsPort] = [plain, tls].map((server) => (server.address() as AddressInfo).port);
  return { asked, resolve: (place: string) => (place.endsWith(':443') ? tlsPort : plainPort) as number };
}

async function kept(opening: Promise<TestProxy>): Promise<TestProxy> {
  const proxy = await opening;
  onTestFinished(() => proxy.close());
  return proxy;
}

async function ask(url: string, environment: Record<string, string>): Promise<string> {
  const rules = proxyRules({}, environment);
  if (rules === undefined) throw new Error('no proxy');
  const { httpAgent, httpsAgent } = proxiedAgents(rules, { keepAlive: true, maxSockets: 4, timeout: 5000 });
  onTestFinished(() => {
    httpAgent.destroy();
    httpsAgent.destroy();
  });
  const call = url.startsWith('https:')
    ? tlsRequest(url, { agent: httpsAgent, ca: CA.caPem })
    : plainRequest(url, { agent: httpAgent });
  call.end();
  const [reply] = await once(call, 'response');
  return `${reply.statusCode} ${await text(reply)}`;
}

describe('a store by way of the environment’s proxy', () => {
  it('is asked whole URLs over http, and over a tunnel with TLS; exceptions are reached straight', async () => {
    const { resolve } = await places();
    const proxy = await kept(httpProxy(resolve, 'me:secret'));
    const all_proxy = `http://me:secret@127.0.0.1:${proxy.port}`;
    expect(await ask('http://s3.test/bucket/a?x=1', { all_proxy })).toBe('200 here');
    expect(await ask('https://s3.test/bucket/b', { HTTPS_PROXY: all_proxy })).toBe('200 here');
    expect(proxy.asked).toEqual(['GET http://s3.test/bucket/a?x=1', 'CONNECT s3.test:443']);
    await expect(ask('http://s3.test/', { all_proxy, NO_PROXY: '.test' })).rejects.toThrow(/s3\.test/);
  });

  it('is reached through SOCKS 5 as well', async () => {
    const { resolve } = await places();
    const proxy = await kept(socksProxy(resolve));
    const all_proxy = `socks5h://127.0.0.1:${proxy.port}`;
    expect(await ask('http://s3.test/a', { all_proxy })).toBe('200 here');
    expect(await ask('https://s3.test/b', { all_proxy })).toBe('200 here');
  });

  it('ends with one line where the proxy wants other credentials; one that is away fails as a store does', async () => {
    const { resolve } = await places();
    const proxy = await kept(httpProxy(resolve, 'me:secret'));
    const https_proxy = `http://me:wrong@127.0.0.1:${proxy.port}`;
    await expect(ask('https://s3.test/', { https_proxy })).rejects.toMatchObject({ code: 'FDC_ERR_PROXY' });
    proxy.close();
    await expect(ask('https://s3.test/', { https_proxy })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  async function opened(port: number, user: string, endpoint = 'http://s3.test') {
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.stubEnv('all_proxy', `http://${user}127.0.0.1:${port}`);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'a');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'b');
    return openObjectStore('s3://bucket/x', { endpoint, region: 'us-east-1' });
  }

  it('that is opened and refused by it says so in one line', async () => {
    const { resolve } = await places();
    const closed = await kept(httpProxy(resolve, 'me:secret'));
    for (const endpoint of ['http://s3.test', 'https://s3.test']) {
      const store = await opened(closed.port, 'me:wrong@', endpoint);
      await expect(store.read('a')).rejects.toMatchObject({ code: 'FDC_ERR_PROXY' });
    }
    const refusing = await kept(httpProxy(resolve, undefined, { refuse: () => 'HTTP/1.1 403 No\r\n\r\n' }));
    const store = await opened(refusing.port, '', 'https://s3.test');
    await expect(store.read('a')).rejects.toMatchObject({
      code: 'FDC_ERR_PROXY',
      message: expect.stringContaining('no_proxy'),
    });
  });

  it('is so for every store that is opened', async () => {
    const { asked, resolve } = await places();
    const proxy = await kept(httpProxy(resolve));
    const store = await opened(proxy.port, '');
    expect((await store.read('a'))?.toString()).toBe('here');
    expect(proxy.asked.map((line) => line.replace(/\?.*/, ''))).toEqual(['GET http://s3.test/bucket/x/a']);
    expect(asked).toHaveLength(1);
  });
});
