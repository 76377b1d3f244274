import { type AddressInfo, createServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { readManifest } from '../../../src/stages/manifest/read-manifest.ts';
import { collect } from '../../unit/stages/manifest/collect-rows.ts';

/** Retries without their waits. */
const AT_ONCE = { clock: { nowMs: () => performance.now(), wallMs: () => Date.now(), timer }, random: () => 0 };

function timer(delayMs: number, fn: () => void): () => void {
  const handle = setTimeout(fn, delayMs >= 30_000 ? delayMs : Math.min(delayMs, 2));
  return () => clearTimeout(handle);
}

it('a server that says more than it sends, and closes while nobody reads, is asked again and crashes nothing', async () => {
  const rows = Array.from({ length: 5000 }, (_, i) => `https://a.example.org/${i}.jpg,label ${i % 7}\n`);
  const body = `url,label\n${rows.join('')}`;
  const lies = [10, 10];
  const head = (): string =>
    `HTTP/1.0 200 OK\r\nContent-Type: text/csv\r\nContent-Length: ${body.length + (lies.pop() ?? 0)}\r\n\r\n`;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(head() + body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const read = await collect(readManifest(`http://127.0.0.1:${port}/m.csv`, { remote: AT_ONCE }));
  expect([read.error, read.rows.length]).toEqual([undefined, 5000]);
});
