import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { drain, fetchFrom, serving, stageFor, summary, urlsOf } from './fetching.ts';

const JPEG = Buffer.from('ffd8ffe000104a46494600010100000100010000ffd9', 'hex');

/** A host that serves so many files, then refuses everything with 403 until it was left alone for a while. */
async function banning(served: number, bannedMs: number): Promise<{ connectTo: string; denied: number }> {
  let answers = 0;
  let bannedUntilMs = 0;
  const seen = { connectTo: '', denied: 0 };
  const server = createServer((_request, response) => {
    const nowMs = performance.now();
    answers += 1;
    if (answers === served) bannedUntilMs = nowMs + bannedMs;
    if (nowMs < bannedUntilMs) {
      seen.denied += 1;
      response.writeHead(403).end('go away');
    } else response.writeHead(200, { 'content-type': 'image/jpeg' }).end(JPEG);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  seen.connectTo = `::127.0.0.1:${(server.address() as AddressInfo).port}`;
  return seen;
}

it('a ban said with 403 is met with silence, and its rows are fetched afterwards', { timeout: 20_000 }, async () => {
  const host = await banning(60, 1000);
  const origin = await serving({});
  const stage = stageFor(origin, { connectTo: [host.connectTo], enablePaarc: true, expectContent: 'any' });
  const results = await drain(stage, urlsOf('ban.test', 150));
  expect(results).toHaveLength(150);
  expect(host.denied).toBeLessThan(60);
  expect(summary(results)['fetched 1'] ?? 0).toBeGreaterThan(110);
});

it('a host that answers everything with 503 is down within two time limits', async () => {
  const startMs = performance.now();
  const hosts = { 'ill.test': [{ kind: 'status', status: 503 }] } as const;
  const options = { timeoutMs: 200, breakerFailures: 5, maxAttempts: 2, enablePaarc: true };
  const { results } = await fetchFrom(hosts, urlsOf('ill.test', 300), options);
  expect(summary(results)['failed host_down 0']).toBeGreaterThan(150);
  expect(performance.now() - startMs).toBeLessThan(4000);
});
