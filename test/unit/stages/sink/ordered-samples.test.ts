import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../../src/clock.ts';
import type { Staging } from '../../../../src/destination/destination.ts';
import type { FetchResult } from '../../../../src/record.ts';
import { EarlyBytes } from '../../../../src/stages/sink/early-bytes.ts';
import { openTarContainer } from '../../../../src/stages/sink/open-container.ts';
import { resultOf, type TestResult, type TestUnit, unitOf } from '../../../support/sink-units.ts';

const ROWS = 40;
const UNIT = unitOf({ rows: ROWS });

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'flow-dc-ordered-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A staging in memory: the bytes of the file that was made in it. */
function memoryStaging(): { readonly staging: Staging; bytes(): Buffer } {
  const writes: Buffer[] = [];
  const bytes = (): Buffer => Buffer.concat(writes);
  const createFile: Staging['createFile'] = async (name) => ({
    write: async (chunks) => void writes.push(Buffer.concat(chunks)),
    close: async () => ({ name, bytes: bytes().length, sha256: '' }),
  });
  return { staging: { createFile } as Staging, bytes };
}

/** A body whose size and content follow from its row, in as many pieces as the network happened to cut it into. */
function arrived(unit: TestUnit, index: number, pieceBytes: number): TestResult {
  const body = Buffer.alloc(50 + ((index * 7919) % 3000), `row ${index} `);
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; at += pieceBytes) pieces.push(body.subarray(at, at + pieceBytes));
  return resultOf(unit, index, { body, pieces, contentType: index % 3 === 0 ? 'text/html' : 'image/jpeg' });
}

interface Trial {
  readonly order: readonly number[];
  /** Rows without a sample. */
  readonly failed?: ReadonlySet<number>;
  readonly room?: number;
  readonly compress?: boolean;
  readonly pieceBytes?: number;
  /** Rows after which what was added is written. */
  readonly flushEvery?: number;
  readonly spillFolder?: string;
}

async function shardOf(trial: Trial): Promise<{ bytes: Buffer; results: TestResult[]; held: number; early: number }> {
  const { order, failed = new Set(), room = 1e9, compress = false, pieceBytes = 1000, flushEvery = 7 } = trial;
  const { staging, bytes } = memoryStaging();
  const early = new EarlyBytes(() => room);
  let held = 0;
  const events = {
    onSettled: (settled: readonly FetchResult[]) => {
      for (const result of settled) result.release();
    },
    onHeld: (more: number) => {
      held += more;
    },
    onError: (error: Error) => expect.fail(error.message),
  };
  const spillFolder = trial.spillFolder ?? (await temporary());
  const options = { name: 'a.tar', compress, rows: ROWS, early, spillFolder };
  const container = await openTarContainer(staging, options, events, systemClock);
  const results: TestResult[] = [];
  for (const [count, index] of order.entries()) {
    if (failed.has(index)) container.pass(index);
    else {
      const result = arrived(UNIT, index, pieceBytes);
      results.push(result);
      expect(container.add(result, `0000000${String(index).padStart(3, '0')}`, 'jpg')).toMatch(/^0{7}\d{3}\.jpg$/);
    }
    if (count % flushEvery === 0) container.flush();
    if (count % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await container.close();
  return { bytes: bytes(), results, held, early: early.bytes };
}

function namesIn(tar: Buffer): string[] {
  const names: string[] = [];
  for (let at = 0; tar[at] !== 0; ) {
    names.push(tar.toString('latin1', at, tar.indexOf(0, at)));
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return names;
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const IN_TURN = Array.from({ length: ROWS }, (_, index) => index);
const trials = fc.record({
  order: fc.shuffledSubarray(IN_TURN, { minLength: ROWS }),
  room: fc.constantFrom(0, 3000, 20_000, 1e9),
  pieceBytes: fc.integer({ min: 100, max: 4000 }),
  flushEvery: fc.integer({ min: 1, max: 20 }),
});

describe('a shard', () => {
  it.each([false, true])('has the same bytes whatever order rows arrive in, compressed: %s', async (compress) => {
    const failed = new Set([0, 9, 10, 39]);
    const expected = digest((await shardOf({ order: IN_TURN, failed, compress })).bytes);
    await fc.assert(
      fc.asyncProperty(trials, async (trial) => {
        const { bytes, results, held, early } = await shardOf({ ...trial, failed, compress });
        expect(digest(bytes)).toBe(expected);
        expect(results.map(({ released }) => released.times)).toEqual(results.map(() => 1));
        expect([held, early]).toEqual([0, 0]);
      }),
      { numRuns: 30 },
    );
  });

  it('has its samples in the order of the rows, and reads as gzip where it is compressed', async () => {
    const order = [...IN_TURN].reverse();
    const plain = (await shardOf({ order })).bytes;
    expect(namesIn(plain)).toEqual(IN_TURN.map((index) => `0000000${String(index).padStart(3, '0')}.jpg`));
    expect(gunzipSync((await shardOf({ order, compress: true })).bytes).equals(plain)).toBe(true);
  });

  it('of a unit that is left half done holds what there is, in order', async () => {
    const { bytes, results } = await shardOf({ order: [7, 3, 30, 5], room: 0 });
    expect(namesIn(bytes)).toEqual([3, 5, 7, 30].map((index) => `0000000${String(index).padStart(3, '0')}.jpg`));
    expect(results.every(({ released }) => released.times === 1)).toBe(true);
  });

  it('is the same whether a large body came through a file or through memory', async () => {
    const folder = await temporary();
    const body = Buffer.alloc(2_500_000, 'large ');
    const path = join(folder, 'body');
    await writeFile(path, body);
    const unit = unitOf({ rows: 2 });
    const shards = await Promise.all(
      [body, { path, bytes: body.length }].map(async (given) => {
        const { staging, bytes } = memoryStaging();
        const events = { onSettled: () => {}, onHeld: () => {}, onError: (error: Error) => expect.fail(error.message) };
        const options = { name: 'a', compress: true, rows: 2, early: new EarlyBytes(() => 0), spillFolder: folder };
        const container = await openTarContainer(staging, options, events, systemClock);
        container.add(resultOf(unit, 1, { body: given, contentType: 'text/plain' }), '0000000001', 'txt');
        container.pass(0);
        await container.close();
        return digest(bytes());
      }),
    );
    expect(shards[0]).toBe(shards[1]);
  });
});

describe('samples that come before their turn', () => {
  it('leave nothing in the folder they are put into', async () => {
    const spillFolder = await temporary();
    await shardOf({ order: [...IN_TURN].reverse(), room: 0, spillFolder });
    expect(await readdir(spillFolder)).toEqual([]);
  });

  it('are let go of when their unit is given up, put aside or not', async () => {
    const { staging } = memoryStaging();
    const early = new EarlyBytes(() => 2000);
    let held = 0;
    const settled: FetchResult[] = [];
    const events = {
      onSettled: (results: readonly FetchResult[]) => void settled.push(...results),
      onHeld: (more: number) => {
        held += more;
      },
      onError: (error: Error) => expect.fail(error.message),
    };
    const options = { name: 'a', compress: false, rows: ROWS, early, spillFolder: await temporary() };
    const container = await openTarContainer(staging, options, events, systemClock);
    for (const index of IN_TURN.slice(1)) container.add(arrived(UNIT, index, 1000), `${index}`, 'jpg');
    await container.abandon();
    expect(settled.length).toBe(ROWS - 1);
    expect([held, early.bytes]).toEqual([0, 0]);
  });

  it('fail their unit when the disk takes no more', async () => {
    const { staging } = memoryStaging();
    let tell: (error: Error) => void = () => {};
    const told = new Promise<Error>((resolve) => {
      tell = resolve;
    });
    const events = { onSettled: () => {}, onHeld: () => {}, onError: (error: Error) => tell(error) };
    const file = join(await temporary(), 'a file');
    await writeFile(file, '');
    const options = { name: 'a', compress: false, rows: 2, early: new EarlyBytes(() => 0), spillFolder: file };
    const container = await openTarContainer(staging, options, events, systemClock);
    container.add(arrived(UNIT, 1, 1000), '1', 'jpg');
    expect(await told).toMatchObject({ code: 'EEXIST' });
    await container.abandon();
  });
});

describe('memory for early samples', () => {
  it('is taken from whoever holds most', () => {
    const early = new EarlyBytes(() => 100);
    const moved: string[] = [];
    const holder = (name: string, bytes: number) => ({
      moveOut() {
        moved.push(name);
        early.give(this, bytes);
      },
    });
    const [small, large] = [holder('small', 40), holder('large', 60)];
    early.take(small, 40);
    early.take(large, 60);
    expect(moved).toEqual([]);
    early.take(small, 1);
    expect([moved, early.bytes]).toEqual([['large'], 41]);
  });
});
