import { once } from 'node:events';
import { request } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { idleClock } from '../../../src/clock.ts';
import type { HostOrder } from '../../../src/host-limits.ts';
import { watchedOf } from '../../../src/serve/live.ts';
import { type LiveServer, openLiveServer } from '../../../src/serve/live-server.ts';
import { LiveBook } from '../../../src/serve/watch/live-book.ts';
import type { RunControls } from '../../../src/serve/watch/served-state.ts';

interface Opened {
  readonly server: LiveServer;
  readonly port: number;
  readonly book: LiveBook;
  readonly told: unknown[];
}

async function opened(controls?: RunControls): Promise<Opened> {
  const told: unknown[] = [];
  const book = new LiveBook({
    ...{ kind: 'download', output: 'ds', clock: idleClock, maxInFlight: 10, cores: 2 },
    controls: () => ({ refused: { drain: 'not here' }, isPaused: false, rules: [] }),
  });
  book.begin(10, 0);
  book.hosts.row('a.test', 'fetched', undefined, 5);
  const watched = watchedOf({
    book,
    picture: (number) => (number === 1 ? { type: 'image/png', bytes: Buffer.from('png') } : undefined),
    controls: controls ?? {
      pause: (isPaused) => void told.push(isPaused),
      setHost: (order: HostOrder) => void told.push(order),
    },
  });
  const server = await openLiveServer('0', watched, idleClock);
  onTestFinished(() => server.close());
  return { server, port: Number(new URL(server.url).port), book, told };
}

interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

async function ask(port: number, path: string, { method = 'GET', headers = {}, body }: Ask = {}) {
  const asking = request({ port, path, method, headers: { host: `127.0.0.1:${port}`, ...headers }, agent: false });
  asking.end(body);
  const [response] = (await once(asking, 'response')) as [import('node:http').IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

const json = (key: string): Readonly<Record<string, string>> => ({
  'content-type': 'application/json',
  authorization: `Bearer ${key}`,
});

describe('the server of the live page', () => {
  it('gives the page, the state, the points and the hosts, and lets nothing else in', async () => {
    const { port } = await opened();
    const page = await ask(port, '/');
    expect(page.text).toContain('<!doctype html>');
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'sha256-/);
    expect(page.headers['content-security-policy']).not.toContain('unsafe');
    expect(JSON.parse((await ask(port, '/state.json')).text)).toMatchObject({ kind: 'download', rows: { total: 10 } });
    expect(JSON.parse((await ask(port, '/history.json')).text)).toEqual([]);
    expect(JSON.parse((await ask(port, '/hosts.json?search=A')).text)).toMatchObject({ found: 1 });
    for (const path of ['/', '/state.json', '/nothing', '/picture?number=1']) {
      const { headers } = await ask(port, path);
      expect(headers['x-content-type-options'], path).toBe('nosniff');
      expect(headers['access-control-allow-origin'], path).toBeUndefined();
      expect(headers['cross-origin-resource-policy'], path).toBe('same-origin');
    }
  });

  it('serves a picture under the type of its bytes and a policy of its own', async () => {
    const { port } = await opened();
    const { headers } = await ask(port, '/picture?number=1');
    expect(headers).toMatchObject({ 'content-type': 'image/png', 'content-security-policy': /sandbox/ });
    expect((await ask(port, '/picture?number=2')).status).toBe(404);
  });

  it('does what somebody with the key says', async () => {
    const { port, server, told } = await opened();
    const headers = json(server.key);
    expect(await ask(port, '/control/pause', { method: 'POST', headers, body: '{"paused":true}' })).toMatchObject({
      status: 200,
    });
    const body = '{"host":"A.test","cMax":3}';
    expect((await ask(port, '/control/host', { method: 'POST', headers, body })).status).toBe(200);
    expect(told).toEqual([true, { host: 'a.test', cMax: 3 }]);
  });

  it.each([
    ['without the key', 401, { 'content-type': 'application/json' }, '{"paused":true}'],
    ['with another key', 401, json('x'.repeat(32)), '{"paused":true}'],
    ['with the key where browsers send it by themselves', 401, { cookie: 'KEY', authorization: 'Basic KEY' }, '{}'],
    ['as a form of somebody else could', 415, { authorization: 'Bearer KEY', 'content-type': 'text/plain' }, '{}'],
    ['from a page of somebody else', 403, { ...json('KEY'), origin: 'http://evil.test' }, '{"paused":true}'],
    ['from no page that says its name', 403, { ...json('KEY'), origin: 'null' }, '{"paused":true}'],
    ['from another site', 403, { ...json('KEY'), 'sec-fetch-site': 'cross-site' }, '{"paused":true}'],
    ['under a name that is not ours', 421, { ...json('KEY'), host: 'evil.test' }, '{"paused":true}'],
    ['with what is no JSON', 400, json('KEY'), '{'],
    ['with what is no pause', 400, json('KEY'), '{"paused":"yes","more":1}'],
    ['with too much', 413, json('KEY'), JSON.stringify({ paused: 'x'.repeat(5000) })],
  ])('pauses nothing %s', async (_how, status, given, body) => {
    const { port, server, told } = await opened();
    const headers = Object.fromEntries(Object.entries(given).map(([name, v]) => [name, v.replace('KEY', server.key)]));
    expect((await ask(port, '/control/pause', { method: 'POST', headers, body })).status).toBe(status);
    expect(told).toEqual([]);
  });

  it('says why something cannot be done, and does nothing once the run has ended', async () => {
    const { port, server, book, told } = await opened();
    const headers = json(server.key);
    const drain = await ask(port, '/control/drain', { method: 'POST', headers, body: '{}' });
    expect([drain.status, JSON.parse(drain.text)]).toEqual([409, { error: 'not here' }]);
    book.end('Done.', 'done');
    book.end('Again.', 'done');
    expect(book.state().end).toBe('Done.');
    expect((await ask(port, '/control/pause', { method: 'POST', headers, body: '{"paused":true}' })).status).toBe(409);
    expect(told).toEqual([]);
  });

  it('is not asked to read by a name that somebody turned to this address, nor by another page', async () => {
    const { port } = await opened();
    expect((await ask(port, '/state.json', { headers: { host: 'evil.test' } })).status).toBe(421);
    expect((await ask(port, '/state.json', { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
    expect((await ask(port, '/', { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(200);
    expect((await ask(port, '/state.json', { headers: { host: `localhost:1234` } })).status).toBe(200);
  });

  it('pushes the state to who listens, and the last one before it closes, at once', async () => {
    const { port, server, book } = await opened();
    const listening = request({ port, path: '/events', headers: { host: `127.0.0.1:${port}` }, agent: false });
    listening.end();
    const [response] = (await once(listening, 'response')) as [import('node:http').IncomingMessage];
    let text = '';
    response.on('data', (chunk) => {
      text += String(chunk);
    });
    await once(response, 'data');
    book.end('Done.', 'done');
    server.close();
    await once(response, 'end');
    const [last = ''] = text.split('\n\n').filter(Boolean).slice(-1);
    expect(text).toContain('event: state');
    expect(last).toMatch(/^event: end\ndata: .*"phase":"ended"/s);
  });

  it('takes another port when the usual one is busy, and says so when the one that was named is', async () => {
    const { port, book } = await opened();
    const watched = watchedOf({ book, controls: {} });
    await expect(openLiveServer(`${port}`, watched, idleClock)).rejects.toThrow(/something else listens there/);
    const [first, second] = [
      await openLiveServer('auto', watched, idleClock),
      await openLiveServer('auto', watched, idleClock),
    ];
    expect(first.url).not.toBe(second.url);
    first.close();
    second.close();
    first.close();
  });
});
