import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type ReadManifestOptions, readManifest } from '../../../../src/stages/manifest/read-manifest.ts';
import { collect, folder } from './collect-rows.ts';

const FIXTURES = fileURLToPath(new URL('../../../fixtures/packed/', import.meta.url));
const ROWS = Array.from({ length: 5000 }, (_, i) => ({
  url: `https://host${i % 7}.example.org/${(i * 7919) % 100_003}.jpg`,
  label: `species ${i % 11}`,
}));

async function read(input: string, options: ReadManifestOptions = {}) {
  const { rows, error } = await collect(readManifest(input, options));
  return { rows: rows.map(({ url, label }) => ({ url, label })), error };
}

async function readBytes(name: string, content: Uint8Array) {
  return read(path.join(await folder({ [name]: content }), name));
}

const packed = (name: string): Promise<Buffer> => readFile(path.join(FIXTURES, name));

const ALL = [
  ...['rows.csv.zst', 'frames.csv.zst', 'rows.csv.bz2', 'streams.csv.bz2', 'rows.csv.xz', 'streams.csv.xz'],
  'rows.csv.br',
];
/** What has a checksum at the end, so that nothing can be left out unseen. */
const SUMMED = ['rows.csv.zst', 'rows.csv.bz2', 'rows.csv.xz', 'streams.csv.bz2', 'streams.csv.xz'];

describe('a table packed with zstd, bzip2, xz or brotli', () => {
  it.for(ALL)('%s is read to its last row', async (name) => {
    expect(await read(path.join(FIXTURES, name))).toEqual({ rows: ROWS, error: undefined });
  });

  it.for(ALL.filter((name) => !name.endsWith('.br')))('%s is told without its name', async (name) => {
    expect(await readBytes('list.csv', await packed(name))).toEqual({ rows: ROWS, error: undefined });
  });

  it.for(ALL.filter((name) => !name.endsWith('.br')))('%s comes through a pipe', async (name) => {
    const bytes = await packed(name);
    const pieces = Array.from({ length: 7 }, (_, i) =>
      bytes.subarray((i * bytes.length) / 7, ((i + 1) * bytes.length) / 7),
    );
    expect(await read('-', { stdin: Readable.from(pieces) })).toEqual({ rows: ROWS, error: undefined });
  });

  it('a name that ends in .br does not make brotli of a text', async () => {
    const { rows } = await readBytes('list.csv.br', Buffer.from('url,label\nhttps://a.example/1.jpg,x\n'));
    expect(rows).toEqual([{ url: 'https://a.example/1.jpg', label: 'x' }]);
  });

  it.for(ALL)('%s that is cut off is an error that says where, behind what is whole', async (name) => {
    const bytes = await packed(name);
    const { rows, error } = await readBytes(name, bytes.subarray(0, bytes.length - 5));
    expect(error).toMatchObject({
      code: 'FDC_ERR_MANIFEST_CORRUPT',
      message: expect.stringMatching(/stream is cut off at byte \d+(,\d+)?; copy or download it again$/),
    });
    expect(rows).toEqual(ROWS.slice(0, rows.length));
    expect(rows.length).toBeGreaterThan(name === 'rows.csv.xz' || name === 'rows.csv.zst' ? 0 : -1);
  });

  it.each([
    ['lines', (rows: object[]) => rows.map((row) => JSON.stringify(row)).join('\n')],
    ['an array', (rows: object[]) => JSON.stringify(rows)],
  ])('JSON as %s that is cut off gives its whole rows, if there are few', async (_how, text) => {
    const bytes = gzipSync(text(ROWS.slice(0, 300)));
    const { rows, error } = await readBytes('rows.json.gz', bytes.subarray(0, bytes.length * 0.7));
    expect(error?.message).toMatch(/the gzip stream is cut off at byte/);
    expect(rows.length).toBeGreaterThan(100);
    expect(rows).toEqual(ROWS.slice(0, rows.length));
  });

  it.for(SUMMED)('no bit of %s changes unseen', async (name) => {
    const bytes = await packed(name);
    for (let at = 1; at < 7; at++) {
      const bad = Buffer.from(bytes);
      const place = Math.floor((at * bytes.length) / 7);
      bad[place] = (bad[place] as number) ^ (1 << (at % 8));
      const { rows, error } = await readBytes(name, bad);
      expect(error, `byte ${place}`).toMatchObject({
        code: expect.stringMatching(/^FDC_ERR_MANIFEST_(CORRUPT|FORMAT)$/),
      });
      expect(rows.length).toBeLessThanOrEqual(ROWS.length);
    }
  });

  it('other bytes behind its end are an error, not an end', async () => {
    for (const name of ['rows.csv.zst', 'rows.csv.bz2', 'rows.csv.xz']) {
      const { error } = await readBytes(name, Buffer.concat([await packed(name), Buffer.from('and something else')]));
      expect(error, name).toMatchObject({ code: 'FDC_ERR_MANIFEST_CORRUPT' });
    }
  });
});

describe('what is packed to fill the memory is refused', () => {
  it('a gigabyte in one cell of 777 bytes of bzip2', async () => {
    const { rows, error } = await read(path.join(FIXTURES, 'bomb.csv.bz2'), { maxRecordBytes: 100_000 });
    expect(rows).toEqual([]);
    expect(error).toMatchObject({ message: expect.stringMatching(/max_record/) });
  });

  it('a window of 2 GiB, and a dictionary of 1.5 GiB', async () => {
    expect((await read(path.join(FIXTURES, 'window.csv.zst'))).error).toMatchObject({
      code: 'FDC_ERR_MANIFEST_TOO_WIDE',
      message: expect.stringMatching(/a window of over 128 MiB \(pack it again without --long\)/),
    });
  });

  it('a stream of zstd that repeats one byte for ever', async () => {
    const block = Buffer.from([2 | ((131_072 & 31) << 3), 131_072 >> 5, 131_072 >> 13, 10]);
    const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x58]);
    const table = Buffer.concat([header, ...Array<Buffer>(40_000).fill(block)]);
    const { error } = await readBytes('list.csv.zst', table);
    expect(error?.message).toMatch(/nothing but white space|no table is packed like that/);
  });

  it('a checksum of xz that cannot be checked', async () => {
    expect((await read(path.join(FIXTURES, 'sha256.csv.xz'))).error).toMatchObject({
      code: 'FDC_ERR_MANIFEST_FORMAT',
      message: expect.stringMatching(/pack it again with xz --check=crc64/),
    });
  });
});
