import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BodyCollector, type CollectedBody } from '../../../../../src/stages/fetch/reply/body-collector.ts';
import { BodyBudget, SpillFolder } from '../../../../../src/stages/fetch/reply/body-memory.ts';
import { decodeContent, isEncoded } from '../../../../../src/stages/fetch/reply/content-encoding.ts';

/** A body in memory, in two pieces. */
function received(body: Buffer = Buffer.alloc(0)): CollectedBody {
  const pieces = body.length === 0 ? [] : [body.subarray(0, 1), body.subarray(1)];
  return {
    pieces,
    spilled: undefined,
    size: body.length,
    head: undefined,
    sha256: undefined,
    image: undefined,
    reservedBytes: 0,
  };
}

const TEXT = Buffer.from('the same words again and again. '.repeat(4000));
const MB = 1_000_000;

async function bench(capacityBytes = 10 * MB, spillBytes = 8 * MB) {
  const folder = await mkdtemp(join(tmpdir(), 'fdc-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const budget = new BodyBudget(capacityBytes);
  const collector = new BodyCollector({ budget, spillBytes, spill: new SpillFolder(folder) }, 0);
  return { folder, budget, collector };
}

describe('an encoded body', () => {
  it.each([
    ['gzip', gzipSync(TEXT)],
    ['x-gzip', gzipSync(TEXT)],
    ['GZIP', gzipSync(TEXT)],
    ['deflate', deflateSync(TEXT)],
    ['deflate', deflateRawSync(TEXT)],
    ['br', brotliCompressSync(TEXT)],
    ['gzip, br', brotliCompressSync(gzipSync(TEXT))],
    ['aws-chunked, gzip', gzipSync(TEXT)],
  ])('in %s is unpacked, on the budget', async (header, body) => {
    const { budget, collector } = await bench();
    const result = await decodeContent(received(body), header, MB, collector);
    expect(result.ok && Buffer.compare(Buffer.concat(result.decoded.pieces), TEXT)).toBe(0);
    expect(budget.usedBytes).toBe(TEXT.length);
  });

  it('that unpacks to too much is refused while unpacking', async () => {
    const { budget, collector, folder } = await bench();
    const bomb = gzipSync(Buffer.alloc(100 * MB));
    const result = await decodeContent(received(bomb), 'gzip', MB, collector);
    expect(result).toMatchObject({ ok: false, code: 'too_large' });
    expect(collector.bytes).toBeLessThanOrEqual(MB);
    expect(budget.usedBytes).toBe(0);
    expect(await readdir(folder)).toEqual([]);
  });

  it('that unpacks to more than memory allows goes to disk', async () => {
    const { budget, collector, folder } = await bench(2 * MB, 65_536);
    const result = await decodeContent(received(gzipSync(TEXT)), 'gzip', MB, collector);
    expect(result).toMatchObject({ ok: true, decoded: { spilled: { bytes: TEXT.length }, reservedBytes: 0 } });
    expect(budget.usedBytes).toBe(0);
    expect(await readFile(join(folder, (await readdir(folder))[0] as string))).toEqual(TEXT);
  });

  it('that came by disk is read from there', async () => {
    const { collector, folder } = await bench();
    const path = join(folder, 'encoded');
    await writeFile(path, gzipSync(TEXT));
    const result = await decodeContent({ ...received(), spilled: { path, bytes: 1 } }, 'gzip', MB, collector);
    expect(result.ok && Buffer.concat(result.decoded.pieces)).toEqual(TEXT);
  });

  it.each([
    ['gzip', gzipSync(TEXT).subarray(0, 200)],
    ['gzip', Buffer.from('no gzip at all')],
    ['br', Buffer.from('no brotli at all')],
    ['deflate', Buffer.from('no deflate at all')],
    ['zstd', TEXT],
    ['gzip, gzip, gzip, gzip', TEXT],
  ])('in %s that cannot be unpacked is data, not an error', async (header, body) => {
    const { budget, collector } = await bench();
    expect(await decodeContent(received(body), header, MB, collector)).toMatchObject({
      ok: false,
      code: 'decode_error',
    });
    expect(budget.usedBytes).toBe(0);
  });

  it('whose file is gone is an error of our own', async () => {
    const { collector, folder } = await bench();
    const gone = { ...received(), spilled: { path: join(folder, 'missing'), bytes: 1 } };
    await expect(decodeContent(gone, 'gzip', MB, collector)).rejects.toMatchObject({ code: 'FDC_ERR_DEST_IO' });
  });
});

it.each([
  [undefined, false],
  ['', false],
  ['identity', false],
  ['none', false],
  ['UTF-8', false],
  ['aws-chunked', false],
  ['gzip', true],
  ['zstd', true],
])('Content-Encoding: %s needs decoding: %s', (header, expected) => {
  expect(isEncoded(header)).toBe(expected);
});
