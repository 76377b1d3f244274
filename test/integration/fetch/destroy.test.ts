import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { drain, serving, stageFor, until, urlsOf } from './fetching.ts';

const MB = 1_048_576;

describe('a fetch stage that is destroyed', () => {
  it.for([
    ['while hosts are silent', [{ kind: 'never' }]],
    ['while bodies drip', [{ kind: 'drip', bytesPerSecond: 1 }]],
    ['while big bodies are written to disk', [{ kind: 'endless', totalBytes: 500 * MB, declared: false }]],
    ['while rows wait out a pause', [{ kind: 'status', status: 429, retryAfterSec: 600 }]],
    ['while rows wait for their next attempt', [{ kind: 'status', status: 500 }]],
  ] as const)('closes every socket and leaves no file %s', async ([, behaviours]) => {
    const origin = await serving({ 'h.test': behaviours });
    const folder = mkdtempSync(join(tmpdir(), 'fdc-test-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const stage = stageFor(origin, {
      spillFolder: folder,
      spillBytes: 65_536,
      maxBytes: 1000 * MB,
      retryBackoffMs: 60_000,
      timeoutMs: 30_000,
    });
    for (const url of urlsOf('h.test', 20)) stage.write({ url });
    await until(() => (origin.stats().get('h.test')?.requests ?? 0) >= 4);
    await new Promise((resolve) => setTimeout(resolve, 50));
    stage.destroy();
    await once(stage, 'close');
    expect(readdirSync(folder)).toEqual([]);
    expect(stage.stats()).toMatchObject({ inFlight: 0, bodyBytesHeld: 0 });
    await until(() => [...origin.stats().values()].every(({ inFlight }) => inFlight === 0));
  });

  it('does not wait for the time limit of a connection that is being made', async () => {
    // 192.0.2.0/24 is for documentation: packets to it vanish, or are refused by the nearest router.
    const stage = stageFor({ connectTo: '::192.0.2.1:81' } as never, { timeoutMs: 30_000 });
    stage.on('data', () => {});
    stage.write({ url: 'http://h.test/' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const startMs = performance.now();
    stage.destroy();
    await once(stage, 'close');
    expect(performance.now() - startMs).toBeLessThan(5000);
  });

  it('gives everything back while bodies wait for memory', async () => {
    const origin = await serving({ 'h.test': [{ kind: 'endless', totalBytes: 700_000 }] });
    const stage = stageFor(origin, { bodyMemoryBytes: MB, bodyRelease: 'by-sink', perHostConcurrency: 10 });
    // So many wait that each of the ten connections is worth it.
    for (const url of urlsOf('h.test', 60)) stage.write({ url });
    await until(() => stage.stats().bodyBytesHeld > 0 && origin.stats().get('h.test')?.requests === 10);
    stage.destroy();
    await once(stage, 'close');
    expect(stage.stats().bodyBytesHeld).toBe(0);
  });

  it('removes spilled bodies that nobody has read yet', async () => {
    const origin = await serving({ 'h.test': [{ kind: 'endless', totalBytes: MB }] });
    const folder = mkdtempSync(join(tmpdir(), 'fdc-test-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const stage = stageFor(origin, { spillFolder: folder, spillBytes: 65_536, perHostConcurrency: 8 });
    for (const url of urlsOf('h.test', 40)) stage.write({ url });
    // Interest without reading: the stream fills itself.
    stage.read(0);
    await until(() => stage.readableLength >= 16);
    expect(readdirSync(folder).length).toBeGreaterThanOrEqual(16);
    stage.destroy();
    await once(stage, 'close');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('passes on the error that it was destroyed with', async () => {
    const stage = stageFor(await serving({ 'h.test': [{ kind: 'never' }] }));
    stage.write({ url: 'http://h.test/' });
    const failed = once(stage, 'error');
    stage.destroy(new Error('the sink is full'));
    expect(((await failed) as [Error])[0].message).toBe('the sink is full');
  });
});

describe('an abort signal', () => {
  it('ends a pipeline at once, whatever is under way', async () => {
    const origin = await serving({ 'h.test': [{ kind: 'never' }] });
    const abort = new AbortController();
    const stage = stageFor(origin, { signal: abort.signal });
    const running = pipeline(
      Readable.from(urlsOf('h.test', 10).map((url) => ({ url }))),
      stage,
      new Writable({ objectMode: true, write: (_row, _encoding, done) => done() }),
    );
    await until(() => (origin.stats().get('h.test')?.requests ?? 0) >= 4);
    abort.abort();
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    await until(() => [...origin.stats().values()].every(({ inFlight }) => inFlight === 0));
  });
});

describe('a full disk under a spilled body', () => {
  it('destroys the stage with the error: it is nobody’s row that failed', async () => {
    const origin = await serving({ 'h.test': [{ kind: 'endless', totalBytes: 10 * MB, declared: false }] });
    // A file where the folder should be: no spill can be opened.
    const broken = drain(
      stageFor(origin, { spillFolder: '/dev/null/nowhere', spillBytes: 65_536 }),
      urlsOf('h.test', 2),
    );
    await expect(broken).rejects.toMatchObject({ code: 'FDC_ERR_DEST_IO' });
  });
});

it('a fetch stage that came to its end leaves no socket open', async () => {
  const origin = await serving({});
  const stage = stageFor(origin);
  await drain(stage, urlsOf('h.test', 20));
  if (!stage.closed) await once(stage, 'close');
  expect(stage.stats()).toMatchObject({ inFlight: 0, queued: 0, bodyBytesHeld: 0 });
});
