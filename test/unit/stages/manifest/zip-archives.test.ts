import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { utf8Column } from '../../../../src/arrow/columns.ts';
import { type ReadManifestOptions, readManifest } from '../../../../src/stages/manifest/read-manifest.ts';
import { writeParquetFile } from '../../../support/manifests.ts';
import { collect, folder } from './collect-rows.ts';
import { zipOf } from './zip-of.ts';

const FIXTURES = fileURLToPath(new URL('../../../fixtures/archives/', import.meta.url));
const ROWS = Array.from({ length: 40 }, (_, i) => ({
  url: `https://host${i % 3}.example.org/${i}.jpg`,
  label: `species ${i % 5}`,
}));

async function read(input: string, options: ReadManifestOptions = {}) {
  const reader = readManifest(input, options);
  const { rows, error } = await collect(reader);
  const files = await reader.ready.then(({ files }) => files).catch(() => []);
  return { rows: rows.map(({ url, label }) => ({ url, label })), error, files, warnings: reader.warnings };
}

const at = (name: string): string => path.join(FIXTURES, name);

describe('a table in a zip archive', () => {
  it.for(['one.zip', 'stored.zip', 'bzip2.zip', 'large.zip'])('%s is read', async (name) => {
    const { rows, error, files } = await read(at(name));
    expect({ rows, error }).toEqual({ rows: ROWS, error: undefined });
    expect(files).toMatchObject([
      { name: `${at(name)}::metadata.csv`, how: expect.stringMatching(/^zip > metadata.csv, /) },
    ]);
  });

  it('is the same input as the file alone', async () => {
    const text = ['url,label', ...ROWS.map(({ url, label }) => `${url},${label}`), ''].join('\n');
    const alone = (await read(path.join(await folder({ 'm.csv': text }), 'm.csv'))).files;
    const { bytes, hash } = alone[0] as (typeof alone)[0];
    expect((await read(at('one.zip'))).files).toMatchObject([{ bytes, hash }]);
  });

  it.for(['one.zip', 'large.zip'])('%s comes through a pipe', async (name) => {
    const { rows, error, files } = await read('-', { stdin: createReadStream(at(name)) });
    expect({ rows, error }).toEqual({ rows: ROWS, error: undefined });
    expect(files).toMatchObject([{ name: '-::metadata.csv' }]);
  });

  it('is told by its bytes under another name', async () => {
    const place = await folder({ 'list.csv': await readFile(at('one.zip')) });
    expect((await read(path.join(place, 'list.csv'))).rows).toEqual(ROWS);
  });

  it('several of the same columns are one manifest, in the order of their names, and notes are left out', async () => {
    const { rows, error, warnings } = await read(at('halves.zip'));
    expect({ rows, error }).toEqual({ rows: ROWS, error: undefined });
    expect(warnings).toEqual([
      expect.stringMatching(/README\.txt in it is not read; name it, as .*::data\/README\.txt/),
    ]);
  });

  it('several of different columns are named, and one can be chosen, or a pattern of them', async () => {
    const { rows, error } = await read(at('several.zip'));
    expect(rows).toEqual([]);
    expect(error).toMatchObject({
      code: 'FDC_ERR_MANIFEST_COLUMN',
      message: expect.stringMatching(
        /tables with different columns \(\.\.\/train\.csv, test\.csv\): name one, as .*::\.\.\/train\.csv/,
      ),
    });
    expect((await read(`${at('several.zip')}::../train.csv`)).rows).toEqual(ROWS);
    expect((await read(`${at('halves.zip')}::data/part-1*`)).rows).toEqual(ROWS.slice(0, 20));
  });

  it('a name that is not there is answered with those that are', async () => {
    expect((await read(`${at('none.zip')}::metadata.csv`)).error).toMatchObject({
      code: 'FDC_ERR_MANIFEST_NOT_FOUND',
      message: expect.stringMatching(/holds no metadata\.csv: it holds images\/1\.jpg, images\/2\.jpg$/),
    });
    expect((await read(at('none.zip'))).error?.message).toMatch(
      /holds no table \(parquet, .*\): it holds images\/1\.jpg/,
    );
    const place = await folder({ 'm.csv': 'url\nhttps://a.example/1.jpg\n' });
    expect((await read(`${path.join(place, 'm.csv')}::x.csv`)).error?.message).toMatch(
      /is no archive, .*: name the file alone/,
    );
  });

  it('that is encrypted, or packed in a way nobody reads, is refused with the fix', async () => {
    expect((await read(at('secret.zip'))).error).toMatchObject({
      code: 'FDC_ERR_MANIFEST_FORMAT',
      message: expect.stringMatching(/::metadata\.csv: the zip archive has a file that is encrypted \(pack it again/),
    });
    expect((await read(at('lzma.zip'))).error?.message).toMatch(/packed by method 14 \(pack it again with deflate\)/);
  });

  it('the same columns in another order are the same columns', async () => {
    const [one, other] = ['url,label\nhttps://a.test/1.jpg,x\n', 'label,url\ny,https://a.test/2.jpg\n'];
    const archive = zipOf({ 'a.csv': Buffer.from(one), 'b.csv': Buffer.from(other) });
    const { rows } = await read(path.join(await folder({ 'm.zip': archive }), 'm.zip'));
    expect(rows).toMatchObject([
      { url: 'https://a.test/1.jpg', label: 'x' },
      { url: 'https://a.test/2.jpg', label: 'y' },
    ]);
  });

  it('a gigabyte of one letter is refused by its directory and by its cell', async () => {
    const place = await folder({ 'm.zip': zipOf({ 'm.csv': Buffer.alloc(50_000_000, 'a') }) });
    const { error } = await read(path.join(place, 'm.zip'), { maxRecordBytes: 1_000_000 });
    expect(error?.message).toMatch(/max_record|name of \d+ characters/);
  });

  it('damage is told from its end', async () => {
    const bytes = await readFile(at('one.zip'));
    const wrong: [string, Buffer][] = [
      ['cut', bytes.subarray(0, bytes.length - 30)],
      [
        'sum',
        Buffer.from(bytes.map((byte, i) => (i === 14 || i === bytes.lastIndexOf('PK\x01\x02') + 16 ? byte ^ 1 : byte))),
      ],
      ['data', Buffer.from(bytes.map((byte, i) => (i === 120 ? byte ^ 1 : byte)))],
    ];
    for (const [what, content] of wrong) {
      const place = await folder({ 'm.zip': content });
      const { error } = await read(path.join(place, 'm.zip'));
      expect(error, what).toMatchObject({ code: 'FDC_ERR_MANIFEST_CORRUPT' });
      expect(error?.message).toMatch(/the zip archive (is cut off|holds )/);
    }
  });

  it('parquet in it is read from a copy on disk, and a packed text unpacked', async () => {
    const place = await folder();
    const file = path.join(place, 'm.parquet');
    await writeParquetFile(file, [
      ['url', utf8Column(ROWS.map(({ url }) => url))],
      ['label', utf8Column(ROWS.map(({ label }) => label))],
    ]);
    const packed = await readFile(fileURLToPath(new URL('../../../fixtures/packed/rows.csv.zst', import.meta.url)));
    const made = await folder({
      'p.zip': zipOf({ 'train.parquet': await readFile(file), 'notes.csv': Buffer.from('a,b\n') }),
      'z.zip': zipOf({ 'rows.csv.zst': packed }),
      'n.zip': zipOf({ 'one.csv': await readFile(at('one.zip')) }),
    });
    expect((await read(path.join(made, 'p.zip'))).rows).toEqual(ROWS);
    expect((await read(path.join(made, 'z.zip'))).rows).toHaveLength(5000);
    expect((await read(path.join(made, 'n.zip'))).rows).toEqual(ROWS);
  });
});
