import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { tempFolder } from '../../support/temp-folder.ts';
import { createTestCa } from '../../support/test-ca.ts';
import { runThreaded } from '../../support/threaded-run.ts';

const ROWS = 1200;
const PERMITS = 12;
const CA = createTestCa();
const BODY = Buffer.concat([Buffer.from('P5 40 50 255 '), Buffer.alloc(2000, 1)]);

interface Kind {
  readonly scheme: 'http' | 'https';
  /** How long an answer takes, by its number. */
  readonly serviceMs: (request: number) => number;
  /** Answers after which the host closes the connection: every so many. */
  readonly closesEvery: number;
}

/** A host that counts connections from when they are there, and refuses requests on those that are too many. */
async function hostOf({ scheme, serviceMs, closesEvery }: Kind) {
  const open = new Set<Socket>();
  const busy = new Map<Socket, ServerResponse>();
  const seen = { mostOpen: 0, mostInFlight: 0, refused: 0, port: 0 };
  let requests = 0;
  const answer: RequestListener = ({ socket }, response) => {
    requests += 1;
    busy.set(socket, response);
    seen.mostInFlight = Math.max(seen.mostInFlight, busy.size);
    const isOver = open.size > PERMITS;
    if (isOver) seen.refused += 1;
    const head = { 'content-type': 'image/x-portable-graymap', 'content-length': BODY.length };
    const close = requests % closesEvery === 0 ? { connection: 'close' } : {};
    // The next request may be there before this one is known to have ended.
    response.once('close', () => busy.get(socket) === response && busy.delete(socket));
    setTimeout(() => response.writeHead(isOver ? 503 : 200, { ...head, ...close }).end(BODY), serviceMs(requests));
  };
  const server = scheme === 'http' ? createServer(answer) : createTlsServer(CA.tls, answer);
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    seen.mostOpen = Math.max(seen.mostOpen, open.size);
    socket.once('close', () => open.delete(socket));
  });
  onTestFinished(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  seen.port = (server.address() as AddressInfo).port;
  return seen;
}

const STEADY: Kind = { scheme: 'http', serviceMs: () => 20, closesEvery: Number.POSITIVE_INFINITY };

async function download(threads: number, kind: Kind) {
  const host = await hostOf(kind);
  const folder = await tempFolder();
  const path = (name: string): string => join(folder, name);
  const urls = Array.from({ length: ROWS }, (_, row) => `${kind.scheme}://h.test/${row}`);
  await writeFile(path('manifest.txt'), urls.join('\n'));
  await writeFile(path('ca.pem'), CA.caPem);
  let started = 0;
  const count = (): void => {
    started += 1;
  };
  process.on('worker', count);
  onTestFinished(() => void process.off('worker', count));
  const { fetched, complete, notices } = await runThreaded({
    input: [path('manifest.txt')],
    output: path('out'),
    ca_file: path('ca.pem'),
    connect_to: [`::127.0.0.1:${host.port}`],
    law: 'fixed',
    per_host_concurrency: PERMITS,
    threads,
    shard_size: 50,
    open_units: 2,
  });
  expect({ fetched, complete, notices }).toEqual({ fetched: ROWS, complete: true, notices: [] });
  expect(started).toBe(threads - 1);
  return host;
}

it.for<readonly [string, number, Partial<Kind>]>([
  ['one thread', 1, {}],
  ['two threads', 2, {}],
  ['four threads', 4, {}],
  ['two threads with TLS', 2, { scheme: 'https' }],
  ['four threads, where answers take now short, now long', 4, { serviceMs: (at) => (at % 9 === 0 ? 90 : 5) }],
])('%s: a host sees no more connections than its limit, resting ones included', async ([, threads, kind]) => {
  const host = await download(threads, { ...STEADY, ...kind });
  expect(host).toMatchObject({ mostOpen: PERMITS, mostInFlight: PERMITS, refused: 0 });
});

it('four threads: a host that closes connections itself is asked as before on others', async () => {
  const host = await download(4, { ...STEADY, closesEvery: 7 });
  expect(host.mostInFlight).toBe(PERMITS);
});
