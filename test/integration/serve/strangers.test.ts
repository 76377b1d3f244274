import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Clock, idleClock } from '../../../src/clock.ts';
import { boundedServer } from '../../../src/serve/connections.ts';
import { watchedOf } from '../../../src/serve/live.ts';
import { type LiveServer, openLiveServer } from '../../../src/serve/live-server.ts';
import { LiveBook } from '../../../src/serve/watch/live-book.ts';
import type { Watched } from '../../../src/serve/watch/served-state.ts';

async function opened(more: Partial<Watched> = {}, clock: Clock = idleClock, address = '0'): Promise<LiveServer> {
  const controls = () => ({ refused: {}, isPaused: false, rules: [] });
  const around = { kind: 'download', output: 'ds', clock: idleClock, maxInFlight: 10, cores: 2 } as const;
  const book = new LiveBook({ ...around, controls });
  const watched = watchedOf({ book, controls: { pause: () => {} } });
  const server = await openLiveServer(address, { ...watched, ...more }, clock);
  onTestFinished(() => server.close());
  return server;
}

/** Its time passes thirty times as fast. */
const fast: Clock = {
  ...idleClock,
  nowMs: () => idleClock.nowMs() * 30,
  timer: (ms, fn) => idleClock.timer(ms / 30, fn),
};

const portOf = ({ url }: { readonly url: string }): number => Number(new URL(url).port);

interface Line {
  readonly socket: Socket;
  text(): string;
  /** Resolves when there is so much to read. */
  has(words: string, times?: number): Promise<void>;
}

async function line(server: { readonly url: string }, sent: string, host = '127.0.0.1'): Promise<Line> {
  const socket = connect(portOf(server), host);
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  let text = '';
  socket.on('data', (chunk) => {
    text += String(chunk);
  });
  await once(socket, 'connect');
  socket.write(sent);
  const has = async (words: string, times = 1): Promise<void> => {
    while (text.split(words).length - 1 < times) {
      if (socket.closed) throw new Error(`closed after ${text}`);
      await Promise.race([once(socket, 'data'), once(socket, 'close')]);
    }
  };
  return { socket, text: () => text, has };
}

/** Of others that reach this machine, as far as it has one. */
const OUTER = Object.values(networkInterfaces())
  .flat()
  .find((found) => found?.family === 'IPv4' && !found.internal)?.address;

const ask = (method: string, path: string, more = ''): string =>
  `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;

const PATHS = ['/', '/favicon.ico', '/state.json', '/history.json', '/hosts.json', '/metrics', '/events', '/picture'];
const MORE_PATHS = [...PATHS, '/control/pause', '/nothing', '*', '//', '/../etc/passwd', 'http://evil.test/state.json'];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'CONNECT'];

describe('a stranger', () => {
  it.each(METHODS)('gets an end of every reply to %s, but for the one stream', async (method) => {
    const server = await opened();
    for (const path of MORE_PATHS) {
      const { socket, text } = await line(server, ask(method, path, 'Connection: close\r\n'));
      if (method === 'GET' && path === '/events') continue;
      if (!socket.closed) await once(socket, 'close');
      if (method !== 'CONNECT') expect(text(), `${method} ${path}`).toMatch(/^HTTP\/1\.1 [2-5]\d\d /);
      if (method !== 'GET' && method !== 'HEAD') expect(text(), `${method} ${path}`).not.toContain('HTTP/1.1 200');
    }
  });

  it('takes no place of those who listen by asking for heads, or again and again on one connection', async () => {
    // Places are asked for here, and what answers may take of the time is more than they do.
    const server = await opened({}, fast);
    for (let i = 0; i < 70; i += 1) await (await line(server, ask('HEAD', '/events'))).has('\r\n\r\n');
    await (await line(server, ask('GET', '/events').repeat(100))).has('event: state');
    for (let i = 0; i < 60; i += 1) await (await line(server, ask('GET', '/events'))).has('event: state');
  });

  it('who asks without end is let wait, and whoever has the key is not', async () => {
    let busyMs = 0;
    const hosts = (): { found: number; offset: number; lines: [] } => {
      const before = process.cpuUsage();
      while (process.cpuUsage(before).user + process.cpuUsage(before).system < 20_000);
      busyMs += 20;
      return { found: 0, offset: 0, lines: [] };
    };
    const waiting: (() => void)[] = [];
    let isHeld = true;
    const timer: Clock['timer'] = (ms, fn) => {
      if (!isHeld) return idleClock.timer(ms, fn);
      waiting.push(fn);
      return () => {};
    };
    const server = await opened({ hosts }, { ...idleClock, timer });
    const startMs = performance.now();
    const all = await Promise.all(
      Array.from({ length: 100 }, (_, i) => line(server, ask('GET', `/hosts.json?search=${i}`))),
    );
    const headers = `Authorization: Bearer ${server.key}\r\nContent-Type: application/json\r\nContent-Length: 15\r\n`;
    const order = await line(server, `${ask('POST', '/control/pause', headers)}{"paused":true}`);
    await order.has('HTTP/1.1 200');
    // While those who wait still do.
    expect(all.filter((one) => one.text().startsWith('HTTP/1.1 503'))).toEqual([]);
    isHeld = false;
    for (const fn of waiting) fn();
    for (const one of all) await one.has('HTTP/1.1 ');
    expect(busyMs).toBeLessThan(500 + 20 + 0.05 * (performance.now() - startMs));
    expect(all.filter((one) => one.text().startsWith('HTTP/1.1 503')).length).toBeGreaterThan(50);
  });

  it('who listens and never reads is let go, and nothing piles up for him', async () => {
    const words = 'x'.repeat(1_000_000);
    let asked = 0;
    let lastAskedAtMs = 0;
    const state = () => {
      asked += 1;
      lastAskedAtMs = fast.nowMs();
      return { words } as never;
    };
    const server = await opened({ state }, fast);
    const deaf = await line(server, ask('GET', '/events'));
    await deaf.has('event: state');
    deaf.socket.pause();
    const before = asked;
    const beganAtMs = fast.nowMs();
    // Nobody is left to be told anything: the state is not asked for any more.
    await expect
      .poll(
        async () => {
          const was = asked;
          await new Promise((resolve) => setTimeout(resolve, 100));
          return asked - was;
        },
        { timeout: 10_000 },
      )
      .toBe(0);
    const told = asked - before;
    // By the clock: of the states that fall into so long a busy machine swallows some.
    expect(lastAskedAtMs - beganAtMs).toBeGreaterThan(30_000);
    deaf.socket.resume();
    if (!deaf.socket.closed) await once(deaf.socket, 'close');
    // What the kernel takes, and the one text that it did not take whole.
    expect(deaf.text().length).toBeLessThan((told * words.length) / 3);
  }, 20_000);

  it('who says nothing, stops in the middle, or does not read his replies is let go', async () => {
    const patience = { headersMs: 300, requestMs: 500, idleMs: 300, silentMs: 1000, lookMs: 100 };
    const body = Buffer.alloc(16_000_000);
    const server = boundedServer((request, response) => {
      if (request.method === 'GET') response.end(body);
    }, patience);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close().closeAllConnections());
    const at = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
    const post = ask('POST', '/', 'Content-Length: 15\r\n');
    for (const sent of ['', 'GET / HT', ask('GET', '/').slice(0, -2), post, `${post}{"p`]) await line(at, sent);
    const deaf = await line(at, ask('GET', '/').repeat(50));
    deaf.socket.pause();
    const connections = (): Promise<number> =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      );
    expect(await connections()).toBe(6);
    await expect.poll(connections, { timeout: 10_000 }).toBe(0);
  }, 15_000);

  it.runIf(OUTER !== undefined)('elsewhere leaves places to others', async () => {
    const server = await opened({}, idleClock, '0.0.0.0:0');
    const held = await Promise.all(Array.from({ length: 40 }, () => line(server, '', OUTER).catch(() => undefined)));
    await expect.poll(() => held.filter((one) => one?.socket.closed === false).length).toBe(32);
    const { port } = new URL(server.url);
    await (await line(server, `GET /state.json HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)).has('HTTP/1.1 200');
  });

  it.each([
    ['a header without end', `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(70_000)}`, 431],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['two Hosts, the first another', 'GET / HTTP/1.1\r\nHost: evil.test\r\nHost: localhost\r\n\r\n', 421],
    ['HTTP/1.0 without a Host', 'GET / HTTP/1.0\r\n\r\n', 421],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
    ['what is no HTTP', '\x16\x03\x01\x02\x00\x01\x00\r\n\r\n', 400],
  ])('with %s is refused', async (_what, sent, status) => {
    const server = await opened();
    await (await line(server, sent)).has(`HTTP/1.1 ${status}`);
  });
});
