import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { drawPng } from '../../../src/demo-hosts/png-and-webp.ts';
import { drain, stageFor, summary } from './fetching.ts';

const PNG = drawPng(8, 8, () => 100);

/** A host that has files under the paths named, and nothing else. @returns what it was asked for */
async function hostWith(has: (path: string) => boolean) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const isThere = has(request.url ?? '');
    response.statusCode = isThere ? 200 : 404;
    response.end(isThere ? PNG : 'no such file');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { asked, connectTo: `::127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const LIST = ['jpeg', 'jpg', 'png', 'gif'];

it('a row whose URL gives 404 is fetched with the first other extension that is there', async () => {
  const { asked, connectTo } = await hostWith((path) => path.endsWith('.png') || path === '/1.jpg');
  const stage = stageFor({ connectTo, port: 0 } as never, { tryExtensions: LIST, maxAttempts: 1 });
  const results = await drain(
    stage,
    [1, 2].map((n) => `http://a.test/${n}.jpg`),
  );
  expect(summary(results)).toEqual({ 'fetched 1': 1, 'fetched 3': 1 });
  const finals = Object.fromEntries(results.map(({ row, finalUrl }) => [row.url, finalUrl]));
  expect(finals).toEqual({
    'http://a.test/1.jpg': 'http://a.test/1.jpg',
    'http://a.test/2.jpg': 'http://a.test/2.png',
  });
  expect(asked.filter((path) => path.startsWith('/2'))).toEqual(['/2.jpg', '/2.jpeg', '/2.png']);
});

it('one that is nowhere fails as it would have, and says what else was asked for', async () => {
  const { connectTo } = await hostWith(() => false);
  const stage = stageFor({ connectTo, port: 0 } as never, { tryExtensions: LIST });
  const [result] = await drain(stage, ['http://a.test/1.jpg']);
  expect(result).toMatchObject({ status: 'failed', code: 'http_404', attempts: 4 });
  expect(result?.message).toMatch(/; neither with jpeg, jpg, png, gif$/);
});

it('misses of a list of guesses do not pass for a host that has shut its door', async () => {
  const { connectTo } = await hostWith((path) => path.endsWith('.gif') || Number.parseInt(path.slice(1), 10) < 30);
  const stage = stageFor({ connectTo, port: 0 } as never, { tryExtensions: LIST, perHostConcurrency: 1 });
  const results = await drain(
    stage,
    Array.from({ length: 60 }, (_, n) => `http://a.test/${n}.jpg`),
  );
  expect(summary(results)).toEqual({ 'fetched 1': 30, 'fetched 4': 30 });
});
