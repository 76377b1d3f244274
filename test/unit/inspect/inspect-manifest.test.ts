import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { int32Column, utf8Column } from '../../../src/arrow/columns.ts';
import { inspectionLines } from '../../../src/cli/terminal/inspection-lines.ts';
import { inspectManifest } from '../../../src/inspect/inspect-manifest.ts';
import { writeParquetFile } from '../../support/manifests.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const URLS = [
  'https://a.test/1.jpg',
  'http://a.test/2.jpg',
  'https://a.test/1.jpg',
  'https://B.test:8443/3.jpg',
  'ftp://c.test/4.jpg',
  'nonsense',
  null,
];

describe('inspectManifest', () => {
  it('counts rows, schemes, hosts, repeats, bad URLs and labels of a parquet file', async () => {
    const file = join(await tempFolder(), 'm.parquet');
    const labels = ['cat', 'cat', null, 'dog', 'cat', null, 'dog'];
    await writeParquetFile(file, [
      ['photo_url', utf8Column(URLS)],
      ['label', utf8Column(labels)],
      ['n', int32Column([1, 2, 3, 4, 5, 6, 7])],
    ]);
    const found = await inspectManifest(file);
    expect(found).toMatchObject({
      rows: 7,
      limited: false,
      files: [{ name: file, format: 'parquet', gzip: false, rows: 7 }],
      roles: { url: 'photo_url', label: 'label' },
      guessed: ['url', 'label'],
      schemes: { http: 1, https: 3, stored: 0, other: 1 },
      duplicates: { distinctUrls: 3, rows: 1, exact: true },
      hosts: { count: 2, exact: true, error: 0, largestShare: 0.75 },
      labels: { count: 2, nulls: 2, top: [{ name: 'cat', rows: 3, share: 0.6 }, { name: 'dog' }] },
    });
    expect(found.hosts.top).toEqual([
      { name: 'a.test', rows: 3, share: 0.75 },
      { name: 'b.test:8443', rows: 1, share: 0.25 },
    ]);
    expect(found.badUrls).toEqual({
      rows: 3,
      kinds: [
        { kind: 'other_scheme', rows: 1, exampleRow: 4, example: 'ftp://c.test/4.jpg' },
        { kind: 'unparsable', rows: 1, exampleRow: 5, example: 'nonsense' },
        { kind: 'missing', rows: 1, exampleRow: 6, example: null },
      ],
    });
    expect(found.columns).toContainEqual({ name: 'n', type: 'Int32' });
    expect(found.sample).toHaveLength(5);
    expect(found.sample[0]).toEqual({ photo_url: 'https://a.test/1.jpg', label: 'cat', n: '1' });
  });

  it('counts rows of object stores by bucket where they are to be fetched, else names the flag', async () => {
    const file = join(await tempFolder(), 'm.csv');
    const urls = ['s3://bucket/1.jpg', 's3://bucket/2.jpg', 'gs://other/1.jpg', 's3://Bad/1.jpg', 'https://a.test/1'];
    await writeFile(file, ['url', ...urls].join('\n'));
    const allowed = await inspectManifest(file, { allowS3: true });
    expect(allowed.hosts.top.map(({ name, rows }) => [name, rows])).toEqual([
      ['s3://bucket', 2],
      ['gs://other', 1],
      ['a.test', 1],
    ]);
    expect(allowed.schemes).toEqual({ http: 0, https: 1, stored: 4, other: 0 });
    expect(allowed.badUrls).toMatchObject({ rows: 1, kinds: [{ kind: 'unparsable', example: 's3://Bad/1.jpg' }] });
    const refused = await inspectManifest(file);
    expect(refused.badUrls).toMatchObject({ rows: 4, kinds: [{ kind: 'stored', example: 's3://bucket/1.jpg' }] });
    expect(refused.hosts.count).toBe(1);
    expect(refused.warnings.find(({ code }) => code === 'bad_urls')?.advice).toContain('--allow-s3');
    expect(inspectionLines(refused).join('\n')).toContain('4 x in an object store, fetched with --allow-s3 only');
    expect(inspectionLines(allowed).join('\n')).toContain('1 https, 0 http, 4 in object stores');
  });

  it('counts over several inputs of different formats', async () => {
    const folder = await tempFolder();
    await writeFile(join(folder, 'a.csv'), 'url\nhttps://a.test/1\n');
    await writeFile(join(folder, 'b.jsonl'), '{"url":"https://a.test/1"}\n{"url":"https://a.test/2"}\n');
    const found = await inspectManifest([join(folder, 'a.csv'), join(folder, 'b.jsonl')]);
    expect(found.files.map(({ format }) => format)).toEqual(['csv', 'jsonl']);
    expect([found.rows, found.duplicates.rows]).toEqual([3, 1]);
  });

  it('reads stdin', async () => {
    const found = await inspectManifest('-', {
      stdin: Readable.from([Buffer.from('https://a.test/1\nhttps://a.test/2\n')]),
    });
    expect([found.rows, found.files[0]?.name, found.hosts.count]).toEqual([2, '-', 1]);
  });

  it('says that limitRows ended the reading', async () => {
    const file = join(await tempFolder(), 'm.csv');
    await writeFile(file, 'url\nhttps://a.test/1\nhttps://a.test/2\nhttps://a.test/3\n');
    const { rows, limited } = await inspectManifest(file, { limitRows: 2 });
    expect([rows, limited]).toEqual([2, true]);
  });

  it('shortens long values and keeps them on one line', async () => {
    const file = join(await tempFolder(), 'm.jsonl');
    await writeFile(file, `${JSON.stringify({ url: 'https://a.test/1', text: `one\n${'x'.repeat(1000)}` })}\n`);
    const text = (await inspectManifest(file)).sample[0]?.text ?? '';
    expect([...text]).toHaveLength(80);
    expect(text.startsWith('one xxx')).toBe(true);
  });

  it('ends with FDC_ERR_INTERRUPTED when its signal aborts in the middle of a stream', async () => {
    const stop = new AbortController();
    const stdin = new Readable({ read() {} });
    stdin.push('https://a.test/1\nhttps://a.test/2\nhttps://a.test/3\n');
    const found = inspectManifest('-', { stdin, signal: stop.signal, onRows: () => stop.abort() });
    await expect(found).rejects.toMatchObject({ code: 'FDC_ERR_INTERRUPTED' });
    expect(stdin.destroyed).toBe(true);
  });

  it('refuses a manifest without rows and one without a URL column', async () => {
    const folder = await tempFolder();
    await writeFile(join(folder, 'empty.csv'), 'url\n');
    await writeFile(join(folder, 'other.csv'), 'a,b\n1,2\n');
    await expect(inspectManifest(join(folder, 'empty.csv'))).rejects.toMatchObject({ code: 'FDC_ERR_MANIFEST_EMPTY' });
    await expect(inspectManifest(join(folder, 'other.csv'))).rejects.toMatchObject({ code: 'FDC_ERR_MANIFEST_COLUMN' });
  });
});
