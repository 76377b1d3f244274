import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { utf8Column } from '../../../src/arrow/columns.ts';
import { readManifest, readManifestInfo } from '../../../src/stages/manifest/read-manifest.ts';
import { testFaultProxy } from '../../support/fault-proxy.ts';
import { writeLargeParquet } from '../../support/manifests.ts';
import { testS3Gateway } from '../../support/s3-gateway.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { collect } from '../../unit/stages/manifest/collect-rows.ts';
import { openTestStore } from '../store/test-store.ts';

async function bucketWith(objects: Readonly<Record<string, Buffer | string>>) {
  const gateway = await testS3Gateway('s3rver');
  const store = await openTestStore(gateway, '');
  for (const [key, content] of Object.entries(objects)) await store.put(key, content);
  return { gateway, store, remote: { store: { endpoint: gateway.url } } };
}

const csvOf = (from: number, rows: number): Buffer =>
  Buffer.from(
    `url,label\n${Array.from({ length: rows }, (_, i) => `https://a.example.org/${from + i}.jpg,l`).join('\n')}\n`,
  );

describe('a manifest in an object store', () => {
  it('brings the rows and the identity that the file has here, whatever its format', async () => {
    const folder = await tempFolder();
    const at = path.join(folder, 'm.parquet');
    await writeLargeParquet(at, 60_000, { rowGroupRows: 20_000 });
    const parquet = await readFile(at);
    const { remote } = await bucketWith({
      'in/m.parquet': parquet,
      'in/m.csv': csvOf(0, 60_000),
      'in/m.csv.gz': gzipSync(csvOf(0, 60_000)),
      'in/m.txt': 'https://a.example.org/1.jpg\n',
    });
    const here = await collect(readManifest(at));
    const there = await collect(readManifest('s3://bucket/in/m.parquet', { remote }));
    expect(there.error).toBeUndefined();
    expect(there.rows).toEqual(here.rows.map((row) => ({ ...row, 'flow_dc:source_file': 's3://bucket/in/m.parquet' })));
    const [a, b] = [await readManifestInfo(at), await readManifestInfo('S3://bucket/in/m.parquet', { remote })];
    expect(b.files[0]).toMatchObject({ bytes: a.files[0]?.bytes, hash: a.files[0]?.hash });
    for (const name of ['m.csv', 'm.csv.gz'])
      expect((await collect(readManifest(`s3://bucket/in/${name}`, { remote }))).rows).toHaveLength(60_000);
    expect((await collect(readManifest('s3://bucket/in/m.txt', { remote }))).rows).toHaveLength(1);
  });

  it('may be all below a prefix, and what a pattern matches', async () => {
    const { remote } = await bucketWith({
      'parts/b.csv': csvOf(10, 10),
      'parts/a.csv': csvOf(0, 10),
      'parts/.hidden.csv': csvOf(90, 1),
      'parts/notes.md': 'x',
      'parts/deep/c.csv': csvOf(20, 10),
      'one.csv': csvOf(0, 1),
      'hive/label=a%20b/p.csv': 'url\nhttps://a.example.org/1.jpg\n',
      'hive/label=c/_temporary/p.csv': 'url\nhttps://a.example.org/2.jpg\n',
      'hive/_SUCCESS': '',
    });
    const filesOf = async (input: string) =>
      (await readManifestInfo(input, { remote })).files.map(({ name }) => name.replace('s3://bucket/', ''));
    expect(await filesOf('s3://bucket/parts/')).toEqual(['parts/a.csv', 'parts/b.csv']);
    expect(await filesOf('s3://bucket/parts')).toEqual(['parts/a.csv', 'parts/b.csv']);
    expect(await filesOf('s3://bucket')).toEqual(['one.csv']);
    expect(await filesOf('s3://bucket/parts/[b-z]*.csv')).toEqual(['parts/b.csv']);
    expect(await filesOf('s3://bucket/parts/**/*.{csv,tsv}')).toEqual([
      'parts/a.csv',
      'parts/b.csv',
      'parts/deep/c.csv',
    ]);
    for (const input of ['S3://bucket/hive', 's3://bucket/hive/*/*']) {
      const labelled = await collect(readManifest(input, { remote }));
      expect(labelled.rows).toMatchObject([{ url: 'https://a.example.org/1.jpg', label: 'a b' }]);
    }
    const { rows } = await collect(readManifest('s3://bucket/parts', { remote }));
    expect(rows.map(({ url }) => url)).toEqual(Array.from({ length: 20 }, (_, i) => `https://a.example.org/${i}.jpg`));
  });

  it.each([
    ['s3://bucket/urls.cvs', /s3:\/\/bucket\/urls\.cvs does not exist; did you mean s3:\/\/bucket\/urls\.csv\?/],
    ['s3://bucket/none/', /there is nothing in s3:\/\/bucket\/none\/; check the prefix/],
    ['s3://bucket/*.parquet', /no object matches s3:\/\/bucket\/\*\.parquet; check the pattern/],
    ['s3://nobody-has-this/m.csv', /no such bucket|does not exist/],
  ])('that is not there is refused in a line: %s', async (input, message) => {
    const { remote } = await bucketWith({ 'urls.csv': csvOf(0, 1) });
    const { error } = await collect(readManifest(input, { remote }));
    expect(error).toMatchObject({ code: 'FDC_ERR_MANIFEST_NOT_FOUND', message: expect.stringMatching(message) });
  });

  it.each(['csv', 'parquet'])(
    'of many %s files is looked into several at a time, and read in order',
    async (format) => {
      const { gateway, store } = await bucketWith({});
      const folder = await tempFolder();
      for (let i = 10; i < 34; i += 1) {
        const at = path.join(folder, `${i}.${format}`);
        if (format === 'parquet') await writeLargeParquet(at, 100 + i, { rowGroupRows: 100 });
        await store.put(`many/${i}.${format}`, format === 'csv' ? csvOf(i * 100, 100 + i) : await readFile(at));
      }
      const proxy = await testFaultProxy(() => gateway.port);
      let most = 0;
      const when = ({ nth }: { readonly nth: number }): boolean => {
        most = Math.max(most, nth - proxy.seen.length);
        return true;
      };
      proxy.add({ fault: { kind: 'delay', ms: 20 }, when });
      const { files, rows } = await readManifestInfo('s3://bucket/many/', {
        remote: { store: { endpoint: proxy.url } },
      });
      const names = Array.from({ length: 24 }, (_, i) => `s3://bucket/many/${i + 10}.${format}`);
      expect(files.map(({ name }) => name)).toEqual(names);
      if (format === 'parquet') expect(rows).toBe(24 * 100 + (24 * (10 + 33)) / 2);
      expect(most).toBeGreaterThan(4);
      expect(most).toBeLessThanOrEqual(10);
    },
  );

  it('is not a mixture of two when it is replaced meanwhile', async () => {
    const content = csvOf(0, 500_000);
    const { store, remote } = await bucketWith({ 'm.csv': content });
    const info = await readManifestInfo('s3://bucket/m.csv', { remote });
    await store.put('m.csv', content.toString().replaceAll(',l', ',L'));
    const { error, rows } = await collect(readManifest('s3://bucket/m.csv', { remote, info }));
    expect(error).toMatchObject({ code: 'FDC_ERR_MANIFEST_CORRUPT', message: expect.stringMatching(/changed while/) });
    expect(rows.some(({ label }) => label === 'L')).toBe(false);
  });

  it('of whole row groups is asked for its columns alone', async () => {
    const at = path.join(await tempFolder(), 'm.parquet');
    await writeLargeParquet(at, 20_000, { rowGroupRows: 5000 }, (first, rows) => [
      ['url', utf8Column(Array.from({ length: rows }, (_, i) => `https://a.example.org/${first + i}.jpg`))],
      ['text', utf8Column(Array.from({ length: rows }, (_, i) => `${Math.sin(first + i)}`))],
    ]);
    const { remote } = await bucketWith({ 'm.parquet': await readFile(at) });
    const { rows } = await collect(readManifest('s3://bucket/m.parquet', { remote, columns: ['url'] }));
    expect(rows).toHaveLength(20_000);
    expect(rows[19_999]).not.toHaveProperty('text');
  });
});
