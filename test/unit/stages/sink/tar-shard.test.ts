import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { extract } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/clock.ts';
import type { StagedFile } from '../../../../src/destination/destination.ts';
import type { FetchResult, SpilledBody } from '../../../../src/record.ts';
import { GzipOutput, plainOutput } from '../../../../src/stages/sink/gzip-file.ts';
import { TarShard } from '../../../../src/stages/sink/tar-shard.ts';
import { sampleTime } from '../../../../src/stages/sink/tar-time.ts';
import { resultOf, unitOf } from '../../../support/sink-units.ts';
import { temporaryFolder } from './folders.ts';

/** A destination in memory that notes every write; `before` can hold or break one. */
class MemoryFile implements StagedFile {
  readonly writes: Buffer[] = [];
  before: () => Promise<void> | void = () => {};

  get bytes(): Buffer {
    return Buffer.concat(this.writes);
  }

  async write(chunks: readonly Uint8Array[]): Promise<void> {
    await this.before();
    this.writes.push(Buffer.concat(chunks));
  }

  async close() {
    return { name: 'a.tar', bytes: this.bytes.length, sha256: '' };
  }
}

interface Entry {
  readonly name: string;
  readonly body: Buffer | SpilledBody;
}

const UNIT = unitOf({ rows: 1 });

/** `name` has one dot: before it is the stem. */
function resultFor({ body }: Entry, contentType: string): FetchResult {
  const pieces = Buffer.isBuffer(body)
    ? [body.subarray(0, 3), body.subarray(3)].filter(({ length }) => length > 0)
    : [];
  return {
    ...resultOf(UNIT, 0, { body, pieces, contentType }),
    bytes: Buffer.isBuffer(body) ? body.length : body.bytes,
  };
}

function shardOn(
  file: MemoryFile,
  { gzip = false, captions = false, contentType = 'image/png', mtime = undefined as string | undefined } = {},
) {
  const settled: FetchResult[] = [];
  const errors: Error[] = [];
  const events = {
    onSettled: (results: readonly FetchResult[]) => void settled.push(...results),
    onError: (error: Error) => void errors.push(error),
  };
  const shard = new TarShard(
    gzip ? new GzipOutput(file) : plainOutput(file),
    { caption: captions ? String : undefined, time: mtime === undefined ? undefined : sampleTime(mtime) },
    events,
    systemClock,
  );
  const add = (entry: Entry): FetchResult => {
    const result = resultFor(entry, contentType);
    const dot = entry.name.lastIndexOf('.');
    expect(shard.add(result, entry.name.slice(0, dot), entry.name.slice(dot + 1))).toBe(entry.name);
    return result;
  };
  return { shard, add, settled, errors };
}

async function archive(entries: readonly Entry[], options: Parameters<typeof shardOn>[1] = {}): Promise<Buffer> {
  const file = new MemoryFile();
  const { shard, add } = shardOn(file, options);
  for (const entry of entries) add(entry);
  await shard.close();
  return options.gzip === true ? gunzipSync(file.bytes) : file.bytes;
}

async function readBack(bytes: Buffer): Promise<{ name: string; body: Buffer }[]> {
  const reader = extract();
  reader.end(bytes);
  const entries: { name: string; body: Buffer }[] = [];
  for await (const entry of reader) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    entries.push({ name: entry.header.name, body: Buffer.concat(chunks) });
  }
  return entries;
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function spilled(content: string | Buffer, bytes = content.length): Promise<SpilledBody> {
  const path = join(await temporaryFolder(), 'body');
  await writeFile(path, content);
  return { path, bytes };
}

describe('a tar shard', () => {
  it.each([{}, { gzip: true }, { gzip: true, contentType: 'image/svg+xml' }])(
    'gives back every name and body, %o',
    async (options) => {
      const unit = fc.constantFrom('a', 'B', '0', '雪', 'é', ' ', '-', '_');
      const part = fc.string({ unit, minLength: 1, maxLength: 120 });
      const name = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => `${parts.join('/')}.jpg`);
      const body = fc.string({ maxLength: 2000 }).map((text) => Buffer.from(text));
      const members = fc.array(fc.record({ name, body }), { maxLength: 6 });
      await fc.assert(
        fc.asyncProperty(members, async (given) => {
          const bytes = await archive(given, options);
          expect(bytes.length % 512).toBe(0);
          expect(await readBack(bytes)).toEqual(given);
        }),
      );
    },
  );

  it.each([false, true])(
    'takes bodies from disk and from memory in turn, whatever their sizes, gzip: %s',
    async (gzip) => {
      const given = [1, 511, 512, 513, 16_384, 65_535, 65_536, 2 * 2 ** 20 + 1].map((size) => ({
        name: `${size}.jpg`,
        body: Buffer.alloc(size, `${size}`),
      }));
      const onDisk = await Promise.all(
        given.map(async ({ name, body }) => ({ name: `spilled-${name}`, body: await spilled(body) })),
      );
      const bytes = await archive(
        given.flatMap((entry, i) => [entry, onDisk[i] as Entry]),
        { gzip },
      );
      const digests = (await readBack(bytes)).map(({ name, body }) => [name, digest(body)]);
      expect(digests).toEqual(
        given.flatMap(({ name, body }) => [name, `spilled-${name}`].map((either) => [either, digest(body)])),
      );
    },
  );

  it('needs no extra header for names of up to 100 ASCII bytes, which simple readers depend on', async () => {
    const body = Buffer.from('image');
    expect(await archive([{ name: `${'k'.repeat(96)}.jpg`, body }])).toHaveLength(512 + 512 + 1024);
    expect(await archive([{ name: '雪.jpg', body }])).toHaveLength(3 * 512 + 512 + 1024);
  });

  it('tells the reader of sizes beyond 8 GiB', async () => {
    const file = new MemoryFile();
    const { shard, add, errors } = shardOn(file);
    add({ name: 'big.bin', body: await spilled('x', 10 * 2 ** 30) });
    await expect(shard.close()).rejects.toThrow(/expected 10737418240 spilled bytes, got 1/);
    expect(errors).toHaveLength(1);
    const reader = extract();
    const size = await new Promise<number | undefined>((resolve) => {
      reader.on('entry', ({ size: bytes }) => resolve(bytes));
      reader.write(file.bytes);
    });
    expect(size).toBe(10 * 2 ** 30);
    reader.destroy();
  });

  it('needs a body until its last block is with the destination, and not longer', async () => {
    const file = new MemoryFile();
    let letGo = (): void => {};
    file.before = () =>
      new Promise((resolve) => {
        letGo = resolve;
      });
    const { shard, add, settled } = shardOn(file);
    const result = add({ name: 'x.jpg', body: Buffer.alloc(100_000, 'a') });
    void shard.flush();
    for (let i = 0; i < 20; i++) await setImmediate();
    expect(settled).toEqual([]);
    letGo();
    for (let i = 0; i < 20; i++) await setImmediate();
    expect(settled).toEqual([result]);
    expect(file.bytes.length).toBe(512 + Math.ceil(100_000 / 512) * 512);
  });

  it('gathers what is in memory of many samples into writes of a MiB and more', async () => {
    const file = new MemoryFile();
    const { shard, add } = shardOn(file);
    for (let i = 0; i < 250; i++) add({ name: `${i}.jpg`, body: Buffer.alloc(10_000, 'a') });
    await shard.close();
    expect(file.writes.length).toBeLessThanOrEqual(4);
    expect(file.bytes.length).toBe(250 * (512 + 10_240) + 1024);
  });

  it('never has a body on disk in memory as a whole', async () => {
    const file = new MemoryFile();
    const { shard, add } = shardOn(file);
    add({ name: 'x.jpg', body: await spilled(Buffer.alloc(5 * 2 ** 20)) });
    await shard.close();
    expect(Math.max(...file.writes.map((chunk) => chunk.length))).toBeLessThanOrEqual(2 ** 20 + 512);
  });

  it.each([
    ['shorter', 4],
    ['longer', 2],
  ])(
    'fails with both sizes when a body on disk is %s than it should be, and stays unfinished',
    async (_what, bytes) => {
      const { shard, add, errors, settled } = shardOn(new MemoryFile());
      const body = await spilled('abc', bytes);
      const result = add({ name: 'x.jpg', body });
      await expect(shard.close()).rejects.toThrow(`${body.path}: expected ${bytes} spilled bytes, got 3`);
      await expect(shard.close()).rejects.toThrow();
      expect(errors).toHaveLength(1);
      expect(settled).toEqual([result]);
    },
  );

  it('says once that a disk failed, on either side, and settles what was added', async () => {
    const missing = { path: join(await temporaryFolder(), 'gone'), bytes: 3 };
    for (const body of [missing, Buffer.from('abc')]) {
      const file = new MemoryFile();
      if (Buffer.isBuffer(body))
        file.before = () => {
          throw new Error('no space left');
        };
      const { shard, add, errors, settled } = shardOn(file);
      add({ name: 'x.jpg', body });
      void shard.flush();
      add({ name: 'y.jpg', body: Buffer.from('later') });
      await expect(shard.close()).rejects.toThrow(/no space left|ENOENT/);
      await shard.abandon();
      expect([errors.length, settled.length]).toEqual([1, 2]);
    }
  });

  it('is none when only its end could not be written', async () => {
    const file = new MemoryFile();
    const { shard, add } = shardOn(file);
    add({ name: 'x.jpg', body: Buffer.from('abc') });
    await shard.flush();
    file.before = () => {
      throw new Error('no space left');
    };
    await expect(shard.close()).rejects.toThrow('no space left');
  });

  it.each([
    [undefined, undefined, '2000-01-01T00:00:00.000Z'],
    ['1700000000', 'Tue, 04 May 2021 10:00:00 GMT', '2023-11-14T22:13:20.000Z'],
    ['last-modified', 'Tue, 04 May 2021 10:00:00 GMT', '2021-05-04T10:00:00.000Z'],
    ['last-modified', undefined, '2000-01-01T00:00:00.000Z'],
    ['last-modified', 'yesterday', '2000-01-01T00:00:00.000Z'],
    ['last-modified', 'Tue, 04 May 1900 10:00:00 GMT', '2000-01-01T00:00:00.000Z'],
  ])('has entries of one time, mtime %s and Last-Modified %s', async (mtime, lastModified, expected) => {
    const file = new MemoryFile();
    const { shard } = shardOn(file, { captions: true, mtime });
    for (const name of ['plain', 'ñandú'])
      shard.add(resultOf(UNIT, 0, { body: Buffer.from('abc'), lastModified }), name, 'jpg');
    await shard.close();
    const reader = extract();
    reader.end(file.bytes);
    const times: (string | undefined)[] = [];
    for await (const entry of reader) {
      times.push(entry.header.mtime?.toISOString());
      entry.resume();
    }
    expect(times).toEqual([expected, expected, expected, expected]);
  });
});
