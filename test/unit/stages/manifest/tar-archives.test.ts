import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { isTar } from '../../../../src/stages/manifest/archive/tar.ts';
import { readManifest } from '../../../../src/stages/manifest/read-manifest.ts';
import { collect, folder } from './collect-rows.ts';

const FIXTURES = fileURLToPath(new URL('../../../fixtures/manifests/sheets/', import.meta.url));
const at = (name: string): string => path.join(FIXTURES, name);
const URLS = [0, 1, 2, 3, 4, 5].map((i) => `http://${'abc'[i % 3]}.test/p/${i}.jpg`);

async function read(input: string) {
  const reader = readManifest(input);
  const { rows, error } = await collect(reader);
  const files = await reader.ready.then((info) => info.files).catch(() => []);
  return { urls: rows.map(({ url }) => url), error, files, warnings: reader.warnings };
}

type Entry = readonly [name: string, content: string | undefined];

/** @param files - without content: a link */
async function tarOf(...files: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of files)
    if (content === undefined) archive.entry({ name, type: 'symlink', linkname: '/etc/passwd' });
    else archive.entry({ name }, content);
  archive.finalize();
  const parts: Buffer[] = [];
  for await (const part of archive) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

async function readBytes(bytes: Buffer, name = 'm.tar') {
  return read(path.join(await folder({ [name]: bytes }), name));
}

describe('a table in a tar archive', () => {
  it('is called as the archive is, where pandas packs it', async () => {
    const bytes = gzipSync(await tarOf(['m.csv.tar.gz', `url\n${URLS[0]}\n`]));
    expect(await readBytes(bytes, 'm.csv.tar.gz')).toMatchObject({ urls: [URLS[0]], error: undefined, warnings: [] });
  });

  it.for(['gnu.tar', 'pax.tar', 'ustar.tar.gz', 'pax.tgz', 'gnu.tar.bz2', 'pax.tar.xz', 'pax.tar.zst'])(
    '%s is read: tables of the same columns in the order of their names, without notes, pictures and links',
    async (name) => {
      const { urls, error, files, warnings } = await read(at(name));
      expect({ urls, error }).toEqual({ urls: URLS, error: undefined });
      expect(files).toMatchObject([
        { name: `${at(name)}::data/part-1.csv`, how: expect.stringMatching(/^tar > data\/part-1\.csv, comma/) },
        { name: `${at(name)}::data/part-2.csv` },
      ]);
      expect(warnings).toEqual([
        expect.stringMatching(/README\.txt in it is not read; name it, as .*::README\.txt$/),
        expect.stringMatching(/data\/latest\.csv in it is a link or the like, and not followed: pack the file itself$/),
      ]);
    },
  );

  it('can be chosen, or a pattern of them; parquet is read from a copy, and a name may be long', async () => {
    expect((await read(`${at('gnu.tar')}::data/part-2.csv`)).urls).toEqual(URLS.slice(3));
    expect((await read(`${at('pax.tgz')}::data/*-1.csv`)).urls).toEqual(URLS.slice(0, 3));
    expect((await read(`${at('lines.tar')}::../t.tsv`)).urls).toEqual(URLS);
    expect((await read(`${at('lines.tar')}::Ünï.jsonl`)).urls).toEqual(URLS);
    expect((await read(at('parquet.tar.gz'))).urls).toEqual(URLS);
  });

  it('is the same input as the file alone, packed or not', async () => {
    const identities = await Promise.all(
      ['gnu.tar', 'pax.tar.zst'].map(async (name) =>
        (await read(at(name))).files.map(({ bytes, hash }) => [bytes, hash]),
      ),
    );
    expect(identities[0]).toEqual(identities[1]);
  });

  it.for(['gnu.tar', 'pax.tgz'])('%s comes through a pipe, in pieces of any size', async (name) => {
    for (const highWaterMark of [64 * 1024, 100]) {
      const reader = readManifest('-', { stdin: createReadStream(at(name), { highWaterMark }) });
      expect((await collect(reader)).rows.map(({ url }) => url)).toEqual(URLS);
    }
  });

  it('of several of one name the last one is meant', async () => {
    const { urls } = await readBytes(
      await tarOf(['m.csv', 'url\nhttp://old.test/1.jpg\n'], ['m.csv', 'url\nhttp://a.test/1.jpg\n']),
    );
    expect(urls).toEqual(['http://a.test/1.jpg']);
  });

  it('is found among many entries, and too many tables are refused', async () => {
    const pictures = Array.from({ length: 20_000 }, (_, i): Entry => [`img/${i}.jpg`, 'x']);
    const { urls } = await readBytes(
      gzipSync(await tarOf(...pictures, ['m.csv', 'url\nhttp://a.test/1.jpg\n'])),
      'm.tgz',
    );
    expect(urls).toEqual(['http://a.test/1.jpg']);
    const tables = Array.from({ length: 10_001 }, (_, i): Entry => [`${i}.csv`, 'url\nhttp://a.test/1.jpg\n']);
    expect((await readBytes(await tarOf(...tables))).error?.message).toMatch(/holds over 10000 tables: unpack it$/);
  });

  it('is told by the sum of its header, whoever wrote it', async () => {
    const bytes = await readFile(at('gnu.tar'));
    expect(isTar(bytes)).toBe(true);
    expect(isTar(bytes.subarray(0, 511))).toBe(false);
    bytes.write('url,labels', 0);
    expect(isTar(bytes)).toBe(false);
  });
});

describe('a tar archive that does harm', () => {
  it('that holds a link alone, or nothing, says so', async () => {
    expect((await readBytes(await tarOf(['m.csv', undefined]))).error).toMatchObject({
      code: 'FDC_ERR_MANIFEST_NOT_FOUND',
      message: expect.stringMatching(
        /m\.tar: m\.csv in it is a link or the like, and not followed: pack the file itself$/,
      ),
    });
    expect((await readBytes(await tarOf(['m.jpg', '1']))).error?.message).toMatch(
      /holds no table \(.*\): it holds m\.jpg$/,
    );
  });

  it('that is cut off or damaged is told from its end', async () => {
    const whole = await readFile(at('gnu.tar'));
    const damaged = Buffer.from(whole);
    damaged.write('999', 512 + 148);
    const packed = await readFile(at('pax.tgz'));
    const claims = await tarOf(['m.csv', 'url\n']);
    claims.write('77777777777', 124);
    let sum = 8 * 32;
    for (let i = 0; i < 512; i++) if (i < 148 || i >= 156) sum += claims[i] as number;
    claims.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    for (const [what, bytes] of Object.entries({
      cut: whole.subarray(0, 1800),
      damaged,
      packed: packed.subarray(0, 300),
      claims,
      'claims, packed': gzipSync(claims),
    }))
      expect((await readBytes(bytes)).error, what).toMatchObject({
        code: 'FDC_ERR_MANIFEST_CORRUPT',
        message: expect.stringMatching(/is cut off at byte [1-9]|holds a damaged header/),
      });
  });

  it('archives in archives end somewhere', async () => {
    let bytes = await tarOf(['m.csv', 'url\nhttp://a.test/1.jpg\n']);
    for (let i = 0; i < 2; i++) bytes = await tarOf(['m.csv', bytes.toString('latin1')]);
    expect((await readBytes(bytes)).urls).toEqual(['http://a.test/1.jpg']);
    for (let i = 0; i < 4; i++) bytes = await tarOf(['m.csv', bytes.toString('latin1')]);
    expect((await readBytes(bytes)).error?.message).toMatch(/is an archive in archives: unpack it$/);
  });
});
