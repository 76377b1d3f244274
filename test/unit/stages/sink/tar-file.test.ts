import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { extract } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import type { StagedFile } from '../../../../src/destination/destination.ts';
import type { SpilledBody } from '../../../../src/record.ts';
import { type TarEntry, TarFile } from '../../../../src/stages/sink/tar-file.ts';
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

async function archive(entries: readonly TarEntry[]): Promise<Buffer> {
  const file = new MemoryFile();
  const tar = new TarFile(file, false);
  for (const entry of entries) await tar.add([entry]);
  await tar.close();
  return file.bytes;
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

describe('TarFile', () => {
  it('every name and body can be read back', async () => {
    const part = fc.string({
      unit: fc.constantFrom('a', 'B', '0', '雪', 'é', ' ', '-', '_'),
      minLength: 1,
      maxLength: 120,
    });
    const name = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
    const members = fc.array(fc.record({ name, body: fc.string().map((text) => Buffer.from(text)) }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(members, async (given) => {
        const bytes = await archive(given);
        expect(bytes.length % 512).toBe(0);
        expect(await readBack(bytes)).toEqual(given);
      }),
    );
  });

  it('bodies from disk and from memory follow one another, whatever their sizes', async () => {
    const given = [0, 1, 511, 512, 513, 16_384, 2 * 2 ** 20 + 1].map((size) => ({
      name: `${size}`,
      body: Buffer.alloc(size, `${size}`),
    }));
    const onDisk = await Promise.all(
      given.map(async ({ name, body }) => ({ name: `spilled ${name}`, body: await spilled(body) })),
    );
    const bytes = await archive(given.flatMap((entry, i) => [entry, onDisk[i] as TarEntry]));
    const digests = (await readBack(bytes)).map(({ name, body }) => [name, digest(body)]);
    expect(digests).toEqual(
      given.flatMap(({ name, body }) => [name, `spilled ${name}`].map((either) => [either, digest(body)])),
    );
  });

  it('names of up to 100 ASCII bytes need no extra header, which simple readers depend on', async () => {
    expect(await archive([{ name: 'k'.repeat(100), body: Buffer.from('image') }])).toHaveLength(512 + 512 + 1024);
    expect(await archive([{ name: '雪.jpg', body: Buffer.from('image') }])).toHaveLength(3 * 512 + 512 + 1024);
  });

  it('sizes beyond 8 GiB are told to the reader', async () => {
    const file = new MemoryFile();
    await expect(
      new TarFile(file, false).add([{ name: 'big', body: await spilled('x', 10 * 2 ** 30) }]),
    ).rejects.toThrow();
    const reader = extract();
    const size = await new Promise<number | undefined>((resolve) => {
      reader.on('entry', ({ size: bytes }) => resolve(bytes));
      reader.write(file.bytes);
    });
    expect(size).toBe(10 * 2 ** 30);
    reader.destroy();
  });

  it('an entry is with the destination, to its last block, when add resolves and not before', async () => {
    const file = new MemoryFile();
    const tar = new TarFile(file, false);
    for (const body of [Buffer.alloc(100_000, 'a'), await spilled('b'.repeat(100_000))]) {
      const whole = file.bytes.length + 512 + Math.ceil(100_000 / 512) * 512;
      let letGo = () => {};
      file.before = () =>
        new Promise((resolve) => {
          letGo = resolve;
        });
      let hasResolved = false;
      const added = tar.add([{ name: 'x', body }]).then(() => {
        hasResolved = true;
      });
      while (!hasResolved) {
        expect(file.bytes.length).toBeLessThan(whole);
        letGo();
        for (let i = 0; i < 20; i++) await setImmediate();
      }
      await added;
      expect(file.bytes.length).toBe(whole);
    }
  });

  it('what is in memory of one sample goes out in one write', async () => {
    const file = new MemoryFile();
    await new TarFile(file, false).add(
      ['jpg', 'txt', 'json'].map((end) => ({ name: `0.${end}`, body: Buffer.from(end) })),
    );
    expect(file.writes.map((chunk) => chunk.length)).toEqual([3 * 1024]);
  });

  it('a body on disk is never in memory as a whole', async () => {
    const file = new MemoryFile();
    await new TarFile(file, false).add([{ name: 'x', body: await spilled(Buffer.alloc(5 * 2 ** 20)) }]);
    expect(Math.max(...file.writes.map((chunk) => chunk.length))).toBeLessThanOrEqual(2 ** 20 + 512);
  });

  it.each([
    ['shorter', 4],
    ['longer', 2],
  ])(
    'a body on disk that is %s than it should be fails with both sizes, and the archive stays unfinished',
    async (_what, bytes) => {
      const tar = new TarFile(new MemoryFile(), false);
      const body = await spilled('abc', bytes);
      await expect(tar.add([{ name: 'x', body }])).rejects.toThrow(
        `${body.path}: expected ${bytes} spilled bytes, got 3`,
      );
      await expect(tar.add([{ name: 'y', body: Buffer.from('y') }])).rejects.toThrow();
      await expect(tar.close()).rejects.toThrow(/last entry failed/);
    },
  );

  it('a failing disk, on either side, fails the entry and nothing else', async () => {
    const file = new MemoryFile();
    const missing = { path: join(await temporaryFolder(), 'gone'), bytes: 3 };
    await expect(new TarFile(file, false).add([{ name: 'x', body: missing }])).rejects.toMatchObject({
      code: 'ENOENT',
    });
    file.before = () => {
      throw new Error('no space left');
    };
    for (const body of [Buffer.from('abc'), await spilled('abc')]) {
      await expect(new TarFile(file, false).add([{ name: 'x', body }])).rejects.toThrow('no space left');
    }
    for (let i = 0; i < 20; i++) await setImmediate();
  });
});
