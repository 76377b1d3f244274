import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createTestCa } from '../../support/test-ca.ts';
import { drain, stageFor, summary, until, urlsOf } from './fetching.ts';

const CA = createTestCa();
const { key } = CA.tls;
const IMAGE = 'HTTP/1.1 200 OK\r\ncontent-type: image/x-portable-graymap\r\ncontent-length: 12\r\n';

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A server with one certificate for whoever comes, and what it saw of each connection. */
async function tlsServer(cert: string, { lines = '', ...options }: TlsOptions & { lines?: string } = {}) {
  const seen: { readonly alpn: string | false | null; readonly isResumed: boolean }[] = [];
  const sockets = new Set<Socket>();
  const server = createTlsServer({ key, cert, ...options }, (socket: TLSSocket) => {
    seen.push({ alpn: socket.alpnProtocol, isResumed: socket.isSessionReused() });
    socket.on('error', () => {});
    socket.on('data', () => void socket.write(`${IMAGE}${lines}\r\nP5 1 1 255 \x04`));
  });
  server.on('connection', (socket) => sockets.add(socket));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const port = await listening(server);
  return { seen, port, connectTo: `::127.0.0.1:${port}`, sockets };
}

/** A stage that knows the authority, with the rows' end. */
async function fetchFrom(server: { readonly connectTo: string }, urls: readonly string[], options: object = {}) {
  return summary(await resultsFrom(server, urls, options));
}

async function resultsFrom(server: { readonly connectTo: string }, urls: readonly string[], options: object = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'fdc-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, CA.caPem);
  const own = { caFile, maxAttempts: 1, perHostConcurrency: 1, ...options };
  return drain(stageFor({ connectTo: server.connectTo } as never, own), urls);
}

describe('a certificate', () => {
  it.for([
    ['for the host', CA.certFor('a.test'), 'a.test', 'fetched 1'],
    ['for several hosts, this one among them', CA.certFor('b.test', 'a.test'), 'a.test', 'fetched 1'],
    ['for another host', CA.certFor('b.test'), 'a.test', 'failed tls_error 1'],
    ['for all below a name', CA.certFor('*.a.test'), 'x.a.test', 'fetched 1'],
    [
      'for all right below a name, where the host is further down',
      CA.certFor('*.a.test'),
      'y.x.a.test',
      'failed tls_error 1',
    ],
    ['for all below a name, where the host is the name', CA.certFor('*.a.test'), 'a.test', 'failed tls_error 1'],
    ['for half a label', CA.certFor('x*.a.test'), 'xy.a.test', 'fetched 1'],
    ['for a whole top-level domain', CA.certFor('*.test'), 'a.test', 'failed tls_error 1'],
    ['for the host in capitals', CA.certFor('A.Test'), 'a.test', 'fetched 1'],
    ['for the host that the URL ends with a dot', CA.certFor('a.test'), 'a.test.', 'fetched 1'],
    ['that has ended', CA.expiredFor('a.test'), 'a.test', 'failed tls_error 1'],
    ['that vouches for itself', CA.selfSignedFor('a.test'), 'a.test', 'failed tls_error 1'],
  ] as const)('%s', async ([, cert, host, expected]) => {
    expect(await fetchFrom(await tlsServer(cert), urlsOf(host, 1, 'https'))).toEqual({ [expected]: 1 });
  });

  it.for([
    ['has ended', CA.expiredFor('a.test'), /^CERT_HAS_EXPIRED: certificate has expired$/],
    ['vouches for itself', CA.selfSignedFor('a.test'), /^DEPTH_ZERO_SELF_SIGNED_CERT: self-signed certificate/],
    ['is of another host', CA.certFor('b.test'), /^ERR_TLS_CERT_ALTNAME_INVALID: .*Host: a\.test\. is not .*b\.test$/],
  ] as const)("that %s is said to, in the row's message", async ([, cert, message]) => {
    const [result] = await resultsFrom(await tlsServer(cert), urlsOf('a.test', 1, 'https'));
    expect(result?.message).toMatch(message);
  });

  it('that no server has: what TLS says, and no line of its source', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
    });
    onTestFinished(() => void server.close());
    const connectTo = `::127.0.0.1:${await listening(server)}`;
    const [result] = await resultsFrom({ connectTo }, urlsOf('a.test', 1, 'https'));
    expect(result).toMatchObject({ code: 'tls_error', message: expect.stringMatching(/^ERR_SSL_\w+: [a-z ]+$/) });
  });

  it('of an authority that nobody knows', async () => {
    const stranger = createTestCa();
    const server = await tlsServer(stranger.certFor('a.test'), { key: stranger.tls.key });
    expect(await fetchFrom(server, urlsOf('a.test', 1, 'https'))).toEqual({ 'failed tls_error 1': 1 });
  });

  it.for([
    ['for the address', CA.certFor('127.0.0.1'), 'fetched 1'],
    ['for another address', CA.certFor('127.0.0.2'), 'failed tls_error 1'],
    ['for a name that looks like the address', CA.certFor('*.0.0.1'), 'failed tls_error 1'],
  ] as const)('of a host without a name: %s', async ([, cert, expected]) => {
    const { port } = await tlsServer(cert);
    const options = { connectTo: [], allowPrivate: ['127.0.0.1'] };
    expect(await fetchFrom({ connectTo: '' }, [`https://127.0.0.1:${port}/a.jpg`], options)).toEqual({ [expected]: 1 });
  });

  it('is not looked at with --insecure', async () => {
    const server = await tlsServer(CA.selfSignedFor('b.test'));
    expect(await fetchFrom(server, urlsOf('a.test', 1, 'https'), { insecure: true })).toEqual({ 'fetched 1': 1 });
  });
});

describe('a connection with TLS', () => {
  it('speaks HTTP/1.1, whatever else the host would like', async () => {
    const server = await tlsServer(CA.certFor('a.test'), { ALPNProtocols: ['h2', 'http/1.1'] });
    await fetchFrom(server, urlsOf('a.test', 1, 'https'));
    expect(server.seen).toEqual([{ alpn: 'http/1.1', isResumed: false }]);
  });

  it.for(['TLSv1.2', 'TLSv1.3'] as const)('goes on with the session of the one before (%s)', async (version) => {
    const own = { lines: 'connection: close\r\n', minVersion: version, maxVersion: version } as const;
    const server = await tlsServer(CA.certFor('a.test'), own);
    expect(await fetchFrom(server, urlsOf('a.test', 3, 'https'))).toEqual({ 'fetched 1': 3 });
    expect(server.seen.map(({ isResumed }) => isResumed)).toEqual([false, true, true]);
  });

  it('never goes on with that of another host, whose name alone was checked', async () => {
    const server = await tlsServer(CA.certFor('a.test'), { lines: 'connection: close\r\n' });
    const urls = [...urlsOf('a.test', 2, 'https'), ...urlsOf('b.test', 2, 'https')];
    const ends = await fetchFrom(server, urls, { concurrentDownloads: 1 });
    expect(ends).toEqual({ 'fetched 1': 2, 'failed tls_error 1': 2 });
    expect(server.seen.filter(({ isResumed }) => isResumed)).toHaveLength(1);
  });

  it('is not made to a private address', async () => {
    const server = await tlsServer(CA.certFor('127.0.0.1'));
    const ends = await fetchFrom(server, [`https://127.0.0.1:${server.port}/a.jpg`], { connectTo: [] });
    expect(ends).toEqual({ 'failed address_refused 1': 1 });
    expect(server.sockets.size).toBe(0);
  });
});

describe('a connection that is being made', () => {
  /** Takes connections, and says nothing. */
  async function silent() {
    const open = new Set<Socket>();
    const server = createServer((socket) => {
      open.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => open.delete(socket));
      socket.resume();
    });
    onTestFinished(() => void server.close());
    return { open, connectTo: `::127.0.0.1:${await listening(server)}` };
  }

  it('is given up when its row is out of time', async () => {
    const host = await silent();
    const ends = await fetchFrom(host, urlsOf('a.test', 1, 'https'), { timeoutMs: 300 });
    expect(ends).toEqual({ 'failed connect_timeout 1': 1 });
    await until(() => host.open.size === 0);
  });

  it('ends with the stage', async () => {
    const host = await silent();
    const stage = stageFor({ connectTo: host.connectTo } as never, { timeoutMs: 30_000 });
    for (let at = 0; at < 20; at++) stage.write({ url: `https://h${at}.test/` });
    stage.on('data', () => {});
    await until(() => host.open.size === 20);
    stage.destroy();
    await once(stage, 'close');
    await until(() => host.open.size === 0);
  });
});
