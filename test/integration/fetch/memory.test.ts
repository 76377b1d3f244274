import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SpilledBody } from '../../../src/record.ts';
import { drain, type Result, serving, stageFor, summary, until, urlsOf } from './fetching.ts';

const MB = 1_048_576;

function spillFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fdc-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function spilled(result: Result | undefined): SpilledBody {
  const body = result?.body;
  if (body === undefined || Buffer.isBuffer(body)) throw new Error('expected a body in a file');
  return body;
}

describe('a big body', () => {
  it('goes through a file, whole and hashed, which release() removes', async () => {
    const origin = await serving({ 'big.test': [{ kind: 'endless', totalBytes: 3 * MB }] });
    const folder = spillFolder();
    const [result] = await drain(stageFor(origin, { spillFolder: folder, spillBytes: MB }), urlsOf('big.test', 1));
    const { path, bytes } = spilled(result);
    expect(bytes).toBe(3 * MB);
    const written = await readFile(path);
    expect(written.length).toBe(3 * MB);
    expect(result).toMatchObject({
      status: 'fetched',
      contentType: 'image/jpeg',
      sha256: createHash('sha256').update(written).digest('hex'),
    });
    result?.release();
    result?.release();
    await until(() => readdirSync(folder).length === 0);
  });

  it('goes into a temporary folder where none is named, which goes away with the last file', async () => {
    const origin = await serving({ 'big.test': [{ kind: 'endless', totalBytes: 2 * MB, declared: false }] });
    const results = await drain(stageFor(origin, { spillBytes: MB }), urlsOf('big.test', 2));
    const folder = join(spilled(results[0]).path, '..');
    results[0]?.release();
    await until(() => readdirSync(folder).length === 1);
    expect(statSync(spilled(results[1]).path).size).toBe(2 * MB);
    results[1]?.release();
    await until(() => !existsSync(folder));
  });
});

/** How much the stage holds, looked at every few milliseconds. */
function watch(stage: { stats(): { bodyBytesHeld: number; inFlight: number } }): { maxHeld: number; stop: () => void } {
  const seen = { maxHeld: 0, stop: () => clearInterval(timer) };
  const timer = setInterval(() => {
    seen.maxHeld = Math.max(seen.maxHeld, stage.stats().bodyBytesHeld);
  }, 2);
  return seen;
}

describe('the memory budget', () => {
  it('holds under a slow consumer: requests stop, nothing is lost, nothing times out for it', async () => {
    const origin = await serving({ 'h.test': [{ kind: 'endless', totalBytes: 200_000 }] });
    const stage = stageFor(origin, {
      bodyMemoryBytes: MB,
      timeoutMs: 800,
      maxAttempts: 1,
      perHostConcurrency: 50,
      bodyRelease: 'by-sink',
    });
    const seen = watch(stage);
    const urls = urlsOf('h.test', 120);
    for (const url of urls) stage.write({ url });
    stage.end();
    const results: Result[] = [];
    stage.on('data', (result) => {
      results.push(result as Result);
    });
    // Five bodies fill the budget; while nobody gives them back, nothing more may come, however long it takes.
    await until(() => results.length >= 4);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(results.length).toBeLessThanOrEqual(5);
    expect(stage.stats().bodyBytesHeld).toBeGreaterThan(MB / 2);
    let released = 0;
    await until(() => {
      for (; released < results.length; released += 1) results[released]?.release();
      return results.length === urls.length;
    }, 10_000);
    seen.stop();
    expect(summary(results)).toEqual({ 'fetched 1': urls.length });
    expect(seen.maxHeld).toBeLessThanOrEqual(MB);
    for (const result of results) result.release();
    expect(stage.stats().bodyBytesHeld).toBe(0);
  });

  it('stops new requests while the consumer does not read', async () => {
    const origin = await serving({});
    const stage = stageFor(origin, { perHostConcurrency: 4 });
    for (const url of urlsOf('h.test', 400)) stage.write({ url });
    // Interest without reading: the stream fills itself.
    stage.read(0);
    await until(() => (origin.stats().get('h.test')?.requests ?? 0) >= 16);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(origin.stats().get('h.test')?.requests).toBeLessThan(60);
    let read = 0;
    stage.on('data', () => {
      read += 1;
    });
    await until(() => read === 400, 10_000);
  });

  it('lets small bodies arrive behind big ones that wait for it', async () => {
    const hosts = {
      'big.test': [{ kind: 'endless', totalBytes: 900_000 }],
      'long.test': [{ kind: 'endless', totalBytes: 2 * MB, declared: false }],
    } as const;
    const origin = await serving(hosts);
    const stage = stageFor(origin, {
      bodyMemoryBytes: MB,
      spillBytes: MB,
      spillFolder: spillFolder(),
      perHostConcurrency: 30,
    });
    const seen = watch(stage);
    const results = await drain(stage, [
      ...urlsOf('big.test', 20),
      ...urlsOf('long.test', 10),
      ...urlsOf('small.test', 200),
    ]);
    seen.stop();
    expect(summary(results)).toEqual({ 'fetched 1': 230 });
    expect(seen.maxHeld).toBeLessThanOrEqual(MB);
    for (const result of results) result.release();
  });

  it('can be given back in the middle of another reply', async () => {
    const hosts = { 'h.test': [{ kind: 'endless', totalBytes: 700_000 }], 'huge.test': [{ kind: 'endless' }] } as const;
    const origin = await serving(hosts);
    const stage = stageFor(origin, {
      bodyMemoryBytes: MB,
      bodyRelease: 'by-sink',
      perHostConcurrency: 6,
      maxBytes: 2 * MB,
    });
    const held: Result[] = [];
    const results: Result[] = [];
    // A reply that is too large by its header ends while its header is being parsed, and so do these releases.
    stage.on('data', (result) => {
      results.push(result as Result);
      if (result.code === 'too_large') for (const one of held.splice(0)) one.release();
      else held.push(result as Result);
    });
    for (const url of urlsOf('h.test', 6)) stage.write({ url });
    for (let done = 1; done <= 6; done += 1) {
      await until(() => results.filter(({ status }) => status === 'fetched').length === done);
      stage.write({ url: `http://huge.test/${done}.jpg` });
    }
    await until(() => results.length === 12);
    expect(summary(results)).toEqual({ 'fetched 1': 6, 'failed too_large 1': 6 });
  });

  it('holds against a gzip bomb, which is refused without holding what it unpacks to', async () => {
    const { createServer } = await import('node:http');
    const { gzipSync } = await import('node:zlib');
    const bomb = gzipSync(Buffer.alloc(100 * MB));
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'image/jpeg' }).end(bomb);
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const folder = spillFolder();
    const stage = stageFor({ connectTo: `::127.0.0.1:${port}` } as never, {
      bodyMemoryBytes: 2 * MB,
      maxBytes: 10 * MB,
      spillFolder: folder,
    });
    const seen = watch(stage);
    const results = await drain(stage, urlsOf('a.test', 6));
    seen.stop();
    expect(summary(results)).toEqual({ 'failed too_large 1': 6 });
    expect(seen.maxHeld).toBeLessThanOrEqual(2 * MB);
    expect(readdirSync(folder)).toEqual([]);
  });
});
