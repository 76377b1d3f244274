import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { rawServer } from '../../support/raw-server.ts';
import { createTestCa } from '../../support/test-ca.ts';
import { drain, serving, stageFor, summary, until, urlsOf } from './fetching.ts';

const CA = createTestCa();

function caFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fdc-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'ca.pem'), CA.caPem);
  return join(folder, 'ca.pem');
}

describe('https through --connect-to', () => {
  it('checks the certificate against the URL’s host with --ca-file', async () => {
    const origin = await serving({}, { tls: CA.tls });
    const results = await drain(stageFor(origin, { caFile: caFile() }), [
      ...urlsOf('a.test', 5, 'https'),
      ...urlsOf('b.test', 5, 'https'),
    ]);
    expect(summary(results)).toEqual({ 'fetched 1': 10 });
    expect([...origin.stats().keys()].sort()).toEqual(['a.test', 'b.test']);
  });

  it('refuses a certificate that nobody vouches for, at the first attempt', async () => {
    const origin = await serving({}, { tls: CA.tls });
    expect(summary(await drain(stageFor(origin), urlsOf('a.test', 2, 'https')))).toEqual({ 'failed tls_error 1': 2 });
  });

  it('takes any certificate with --insecure', async () => {
    const origin = await serving({}, { tls: CA.tls });
    expect(summary(await drain(stageFor(origin, { insecure: true }), urlsOf('a.test', 2, 'https')))).toEqual({
      'fetched 1': 2,
    });
  });

  it('keeps http and https of one host apart', async () => {
    const origin = await serving({}, { tls: CA.tls });
    const results = await drain(stageFor(origin, { caFile: caFile() }), [
      ...urlsOf('a.test', 3, 'https'),
      ...urlsOf('a.test', 3),
    ]);
    expect(summary(results)).toEqual({ 'fetched 1': 6 });
  });
});

describe('an address', () => {
  it.for([
    'http://127.0.0.1:PORT/',
    'http://0x7f.1:PORT/',
    'http://2130706433:PORT/',
    'http://[::ffff:7f00:1]:PORT/',
    'http://localhost:PORT/',
    'http://[::1]:PORT/',
  ])('%s is refused by default', async (url) => {
    const origin = await serving({});
    const [result] = await drain(stageFor(origin, { connectTo: [] }), [url.replace('PORT', String(origin.port))]);
    expect(result).toMatchObject({ status: 'failed', code: 'address_refused', attempts: 1 });
    expect(origin.stats().size).toBe(0);
  });

  it('is allowed by --allow-private', async () => {
    const origin = await serving({});
    const [result] = await drain(stageFor(origin, { connectTo: [], allowPrivate: ['127.0.0.0/8'] }), [
      `http://0x7f.1:${origin.port}/a.jpg`,
    ]);
    expect(result?.status).toBe('fetched');
  });

  it('stays checked when --connect-to only changes the port', async () => {
    const origin = await serving({});
    const [result] = await drain(stageFor(origin, { connectTo: [`:::${origin.port}`] }), ['http://127.0.0.1/a.jpg']);
    expect(result?.code).toBe('address_refused');
  });

  it('where nobody listens is connect_refused', async () => {
    const origin = await serving({});
    const results = await drain(stageFor(origin, { connectTo: [], allowPrivate: ['127.0.0.1'] }), [
      'http://127.0.0.1:1/a.jpg',
    ]);
    expect(summary(results)).toEqual({ 'failed connect_refused 3': 1 });
  });
});

const IMAGE = 'HTTP/1.1 200 OK\r\ncontent-type: image/x-portable-graymap\r\ncontent-length: 12\r\n\r\nP5 1 1 255 \x04';

describe('a connection', () => {
  it('that the host drops between two requests costs the next row nothing', async () => {
    const used = new Set<Socket>();
    const connectTo = await rawServer((socket) => {
      if (used.has(socket)) return void socket.resetAndDestroy();
      used.add(socket);
      return void socket.write(IMAGE);
    });
    const results = await drain(
      stageFor({ connectTo } as never, { perHostConcurrency: 1, maxAttempts: 1 }),
      urlsOf('a.test', 6),
    );
    expect(summary(results)).toEqual({ 'fetched 1': 6 });
  });

  it('that is dropped on its first request is a reset', async () => {
    const connectTo = await rawServer((socket) => socket.resetAndDestroy());
    const results = await drain(stageFor({ connectTo } as never, { maxAttempts: 1 }), urlsOf('a.test', 2));
    expect(summary(results)).toEqual({ 'failed reset 1': 2 });
  });

  it('is used again: a host sees no more of them than it has permits', async () => {
    const origin = await serving({ 'a.test': [{ kind: 'connection-cap', connections: 4 }] });
    const results = await drain(stageFor(origin, { perHostConcurrency: 4, maxAttempts: 1 }), urlsOf('a.test', 400));
    expect(summary(results)).toEqual({ 'fetched 1': 400 });
  });

  it('is used again after an error status too', async () => {
    const hosts = {
      'a.test': [
        { kind: 'connection-cap', connections: 2 },
        { kind: 'status', status: 404, share: 0.5 },
      ],
    } as const;
    const results = await drain(
      stageFor(await serving(hosts), { perHostConcurrency: 2, maxAttempts: 1 }),
      urlsOf('a.test', 100),
    );
    expect(Object.keys(summary(results)).sort()).toEqual(['failed http_404 1', 'fetched 1']);
  });

  it.for([
    ['a status that is none', 'HTTP/1.1 099 Fine\r\ncontent-length: 1\r\n\r\nx', 'protocol_error'],
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n', 'protocol_error'],
    ['a broken chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n', 'protocol_error'],
    ['headers without end', `HTTP/1.1 200 OK\r\n${`x: ${'y'.repeat(1000)}\r\n`.repeat(140)}\r\n`, 'protocol_error'],
    [
      'a switch of protocols',
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
      'protocol_error',
    ],
    ['an interim reply', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', 'empty_body'],
    ['a length that is no number', 'HTTP/1.1 200 OK\r\ncontent-length: 1e3\r\n\r\n', 'protocol_error'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd', 'protocol_error'],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      'empty_body',
    ],
    ['a length beyond all numbers', `HTTP/1.1 200 OK\r\ncontent-length: ${'9'.repeat(26)}\r\n\r\n`, 'protocol_error'],
    [
      'a bad line behind a good length',
      'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\x01 bad\r\n\r\nabc',
      'protocol_error',
    ],
    [
      'a chunked body cut off',
      'HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabcde\r\n',
      'truncated',
    ],
    [
      'a body cut off on a closing connection',
      'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 100\r\n\r\nabcde',
      'truncated',
    ],
  ] as const)('that brings %s ends the row with its code', async ([, reply, code]) => {
    const connectTo = await rawServer((socket) => socket.end(reply, 'latin1'));
    const results = await drain(stageFor({ connectTo } as never, { maxAttempts: 1 }), urlsOf('a.test', 1));
    expect(summary(results)).toEqual({ [`failed ${code} 1`]: 1 });
  });

  it.each(['end', 'reset'])('whose %s comes while its body waits for the disk costs that row at most', async (how) => {
    const body = Buffer.alloc(200_000, 'x');
    const connectTo = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n');
      socket.write(body);
      if (how === 'end') socket.end();
      else setTimeout(() => socket.resetAndDestroy(), 5);
    });
    const options = { spillBytes: 65_536, maxAttempts: 1, expectContent: 'any' } as const;
    const results = await drain(stageFor({ connectTo } as never, options), urlsOf('a.test', 40));
    for (const result of results) result.release();
    expect(results).toHaveLength(40);
    const ends = new Set(results.map(({ status, code = status }) => code));
    expect([...ends].filter((end) => !['fetched', 'truncated', 'reset'].includes(end))).toEqual([]);
    if (how === 'end') expect([...ends]).toEqual(['fetched']);
  });

  it('that brings a body that confuses a file type parser ends the row like any other', async () => {
    const asf = Buffer.from([0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11, 0xa6, 0xd9, ...new Array(90).fill(0)]);
    const connectTo = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 100\r\n\r\n');
      socket.write(asf);
    });
    const results = await drain(stageFor({ connectTo } as never, { maxAttempts: 1 }), urlsOf('a.test', 3));
    expect(summary(results)).toEqual({ 'fetched 1': 3 });
  });

  it('makes room for one to another host when there are more hosts than pools', async () => {
    const origin = await serving({});
    const urls = Array.from({ length: 300 }, (_, at) => `http://h${at}.test/a.jpg`);
    expect(summary(await drain(stageFor(origin, { maxPools: 10, concurrentDownloads: 50 }), urls))).toEqual({
      'fetched 1': 300,
    });
  });
});

describe('name servers', () => {
  const list = (count: number): string[] => Array.from({ length: count }, (_, at) => `http://h${at}.test/a.jpg`);
  /** Answers every question with a code: 2 is SERVFAIL, 3 NXDOMAIN, 5 REFUSED; without one it is silent. */
  async function nameServer(code: number | undefined): Promise<string> {
    const server = createSocket('udp4');
    server.on('message', (question, { port, address }) => {
      if (code === undefined) return;
      const reply = Buffer.from(question);
      reply.writeUInt16BE(0x8180 | code, 2);
      server.send(reply, port, address);
    });
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    return `127.0.0.1:${server.address().port}`;
  }

  it.for([2, 3, 5])('that know nobody (%i) cost no row anything, not the first ones either', async (code) => {
    const dnsServers = [await nameServer(code)];
    const stage = stageFor({ connectTo: [] } as never, { connectTo: [], dnsServers, maxAttempts: 1 });
    const results: unknown[] = [];
    stage.on('data', (result) => results.push(result));
    for (const url of list(12)) stage.write({ url });
    stage.end();
    await until(() => stage.stats().queued === 12, 4000);
    expect(results).toEqual([]);
  });

  it('that know nobody of a few hosts end their rows at once', async () => {
    const dnsServers = [await nameServer(3)];
    const stage = stageFor({ connectTo: [] } as never, { connectTo: [], dnsServers, maxAttempts: 1 });
    expect(summary(await drain(stage, list(3)))).toEqual({ 'failed dns_not_found 1': 3 });
  });

  it('that are silent are not the host’s fault', async () => {
    const dnsServers = [await nameServer(undefined)];
    const options = { connectTo: [], dnsServers, maxAttempts: 1, timeoutMs: 300 };
    const [result] = await drain(stageFor({ connectTo: [] } as never, options), list(1));
    expect(result).toMatchObject({ code: 'dns_error', message: 'no answer of the name servers after 0.3 s' });
  });
});
