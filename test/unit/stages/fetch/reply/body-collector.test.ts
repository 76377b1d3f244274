import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SpilledBody } from '../../../../../src/record.ts';
import { BodyCollector } from '../../../../../src/stages/fetch/reply/body-collector.ts';
import { BodyBudget, SpillFolder } from '../../../../../src/stages/fetch/reply/body-memory.ts';

const KB = 1024;

async function bench(capacityBytes: number, spillBytes: number) {
  const folder = await mkdtemp(join(tmpdir(), 'fdc-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const budget = new BodyBudget(capacityBytes);
  const spill = new SpillFolder(folder);
  const start = (reserved = 0): BodyCollector => {
    if (reserved > 0) expect(budget.tryTake(reserved)).toBe(true);
    return new BodyCollector({ budget, spillBytes, spill }, reserved);
  };
  return { folder, budget, start };
}

describe('a body', () => {
  it('whose length was announced stays in memory and holds just that', async () => {
    const { budget, start } = await bench(1000 * KB, 100 * KB);
    const collector = start(64 * KB);
    expect(collector.add(Buffer.alloc(40 * KB, 1))).toBeUndefined();
    expect(collector.add(Buffer.alloc(24 * KB, 2))).toBeUndefined();
    const { pieces, size, reservedBytes } = await collector.finish();
    expect([size, Buffer.concat(pieces).length]).toEqual([64 * KB, 64 * KB]);
    expect(reservedBytes).toBe(64 * KB);
    expect(budget.usedBytes).toBe(64 * KB);
  });

  it('that turns out shorter gives the rest back', async () => {
    const { budget, start } = await bench(1000 * KB, 100 * KB);
    const collector = start(64 * KB);
    void collector.add(Buffer.alloc(KB));
    expect((await collector.finish()).reservedBytes).toBe(KB);
    expect(budget.usedBytes).toBe(KB);
  });

  it('of unknown length moves to disk at the threshold, whole and hashed, and holds no memory', async () => {
    const { budget, start, folder } = await bench(10_000 * KB, 512 * KB);
    const collector = start();
    const chunks = Array.from({ length: 40 }, () => randomBytes(32 * KB));
    for (const chunk of chunks) await collector.add(chunk);
    const { spilled, sha256, head, reservedBytes } = await collector.finish();
    const whole = Buffer.concat(chunks);
    expect(await readFile((spilled as SpilledBody).path)).toEqual(whole);
    expect(sha256).toBe(createHash('sha256').update(whole).digest('hex'));
    expect(head).toEqual(whole.subarray(0, 8 * KB));
    expect(reservedBytes + budget.usedBytes).toBe(0);
    expect(await readdir(folder)).toHaveLength(1);
  });

  it('of unknown length moves to disk when memory is short, however small it is', async () => {
    const { budget, start } = await bench(300 * KB, 512 * KB);
    budget.tryTake(200 * KB);
    const collector = start();
    await collector.add(Buffer.alloc(KB, 7));
    await collector.add(Buffer.alloc(KB, 8));
    expect((await collector.finish()).spilled).toMatchObject({ bytes: 2 * KB });
    expect(budget.usedBytes).toBe(200 * KB);
  });

  it.each([
    ['is no folder', 'FDC_ERR_DEST_IO', (folder: string) => new SpillFolder(join(folder, 'file'))],
    [
      'is on a disk that is full',
      'FDC_ERR_DEST_FULL',
      (folder: string) =>
        Object.assign(new SpillFolder(folder), {
          newPath: () => {
            throw Object.assign(new Error('ENOSPC: no space left on device, mkdir'), { code: 'ENOSPC' });
          },
        }),
    ],
  ])('whose place on disk %s ends with %s and one line', async (_, code, spillIn) => {
    const { budget, folder } = await bench(10_000 * KB, 0);
    await writeFile(join(folder, 'file'), '');
    const collector = new BodyCollector({ budget, spillBytes: KB, spill: spillIn(folder) }, 0);
    await expect(collector.add(Buffer.alloc(2 * KB))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/^large bodies in \/[^\n]*$/),
    });
    await collector.discard();
    expect(budget.usedBytes).toBe(0);
  });

  it('that is dropped leaves neither bytes nor file, also in the middle of a write', async () => {
    const { budget, start, folder } = await bench(10_000 * KB, 100 * KB);
    const collector = start();
    void collector.add(Buffer.alloc(90 * KB));
    void collector.add(Buffer.alloc(90 * KB));
    await collector.discard();
    expect(budget.usedBytes).toBe(0);
    expect(await readdir(folder)).toEqual([]);
  });

  it('that cannot be written says so and can still be dropped', async () => {
    const { budget, folder } = await bench(10_000 * KB, 100 * KB);
    const spill = new SpillFolder(join(folder, 'no'));
    spill.newPath();
    await rm(folder, { recursive: true });
    const broken = new BodyCollector({ budget, spillBytes: 1, spill }, 0);
    await expect(broken.add(Buffer.alloc(KB))).rejects.toMatchObject({ code: 'FDC_ERR_DEST_IO' });
    await broken.discard();
    expect(budget.usedBytes).toBe(0);
  });
});

describe('a folder for spilled bodies', () => {
  it('of our own goes away with its last file, not before', async () => {
    const spill = new SpillFolder(undefined);
    const path = spill.newPath();
    await spill.close();
    expect(await readdir(join(path, '..'))).toEqual([]);
    await spill.remove(path);
    await expect(readdir(join(path, '..'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('of the caller’s stays', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fdc-test-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const spill = new SpillFolder(folder);
    const path = spill.newPath();
    await spill.close();
    await spill.remove(path);
    expect(await readdir(folder)).toEqual([]);
  });
});
