import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { utf8Column } from '../../../../src/arrow/columns.ts';
import { inspectionLines } from '../../../../src/cli/terminal/inspection-lines.ts';
import { inspectManifest } from '../../../../src/inspect/inspect-manifest.ts';
import { unpackedHead } from '../../../../src/stages/manifest/head-of-file.ts';
import { type ReadManifestOptions, readManifest } from '../../../../src/stages/manifest/read-manifest.ts';
import { writeParquetFile } from '../../../support/manifests.ts';
import { collect, folder } from './collect-rows.ts';

const URL = 'http://a.example.org/1.jpg';

async function read(name: string, content: string | Uint8Array, options: ReadManifestOptions = {}) {
  const place = await folder({ [name]: content });
  return collect(readManifest(path.join(place, name), options));
}

/** `url` and so many others. */
function columns(count: number): string[] {
  return ['url', ...Array.from({ length: count - 1 }, (_, i) => `c${i}`)];
}

describe('an input beyond the bounds is refused in one short line', () => {
  const tooWide = (message: RegExp) => ({ code: 'FDC_ERR_MANIFEST_TOO_WIDE', message: expect.stringMatching(message) });
  const row = `${URL}${',1'.repeat(39_999)}`;

  it.for([
    ['csv of 40,000 columns', 'a.csv', `${columns(40_000)}\n${row}\n`, /over 5000 columns/],
    ['tsv of 40,000 columns', 'a.tsv', `${columns(40_000).join('\t')}\n${row.replaceAll(',', '\t')}\n`, /over 5000/],
    ['a header of 3,000,000 characters', 'a.csv', `${'x'.repeat(3_000_000)}\n${URL}\n`, /name of 3000000 characters/],
    ['a key of 3,000,000 characters', 'a.jsonl', `{"url":"${URL}","${'k'.repeat(3_000_000)}":1}`, /name of 3000000/],
  ] as const)('%s', async ([, name, content, message]) => {
    const { rows, error } = await read(name, content);
    expect(rows).toEqual([]);
    expect(error).toMatchObject(tooWide(message));
    expect(error?.message.length).toBeLessThanOrEqual(200);
  });

  it('brackets without end', async () => {
    const { error } = await read('a.json', '['.repeat(3_000_000));
    expect(error).toMatchObject({ code: 'FDC_ERR_MANIFEST_CORRUPT', message: expect.stringMatching(/100 deep/) });
    expect(error?.message.length).toBeLessThanOrEqual(200);
  });

  it('JSON in which all keys are different', async () => {
    const lines = Array.from({ length: 10_000 }, (_, i) => `{"url":"${URL}","k${i}":${i}}\n`);
    for (const [name, text] of [
      ['a.jsonl', lines.join('')],
      ['a.json', `[${lines.join(',')}]`],
    ] as const) {
      const { rows, error } = await read(name, text);
      expect(rows).toEqual([]);
      expect(error).toMatchObject(tooWide(/over 5000 columns/));
    }
  });

  it('parquet with many columns, or with a long name', async () => {
    const place = await folder();
    const file = path.join(place, 'a.parquet');
    const one = utf8Column([URL]);
    await writeParquetFile(
      file,
      columns(6000).map((name) => [name, one] as const),
    );
    expect((await collect(readManifest(file))).error).toMatchObject(tooWide(/over 5000 columns/));
    await writeParquetFile(file, [
      ['url', one],
      ['x'.repeat(100_000), one],
    ]);
    expect((await collect(readManifest(file))).error).toMatchObject(tooWide(/name of 100000 characters/));
  });

  it('parquet with rows that are longer than a record may be', async () => {
    const file = path.join(await folder(), 'a.parquet');
    await writeParquetFile(file, [
      ['url', utf8Column([URL])],
      ['image', utf8Column(['x'.repeat(5_000_000)])],
    ]);
    expect((await collect(readManifest(file, { maxRecordBytes: 1_000_000 }))).error).toMatchObject(
      tooWide(/rows of 5\d{6} bytes, expected at most 1000000/),
    );
    expect((await collect(readManifest(file))).rows).toHaveLength(1);
  });

  it('JSON nested more than a hundred deep, after the rows before it', async () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const nested = (depth: number) => `{"url":"${URL}","a":${open.repeat(depth)}1${close.repeat(depth)}}\n`;
      expect((await read('a.jsonl', nested(100))).rows).toHaveLength(1);
      const { rows, error } = await read('a.jsonl', nested(100) + nested(1_000_000), { onBadRow: 'fail' });
      expect(rows).toHaveLength(1);
      expect(error).toMatchObject({ code: 'FDC_ERR_MANIFEST_CORRUPT', message: expect.stringMatching(/100 deep/) });
    }
  });

  it.for([
    ['csv', 'a.csv', `url,c\n${URL},1\n${URL},"${'x'.repeat(100_000)}"\n`],
    ['csv without quotes', 'a.csv', `url,c\n${URL},1\n${URL},${'x'.repeat(100_000)}\n`],
    ['jsonl', 'a.jsonl', `{"url":"${URL}"}\n{"url":"${URL}","c":"${'x'.repeat(100_000)}"}\n`],
    ['txt', 'a.txt', `${URL}\n${URL}${'x'.repeat(100_000)}\n`],
  ] as const)('%s with a record longer than max_record', async ([, name, content]) => {
    expect((await read(name, content)).rows).toHaveLength(2);
    const { error } = await read(name, content, { maxRecordBytes: 50_000 });
    expect(error).toMatchObject({ code: 'FDC_ERR_MANIFEST_CORRUPT', message: expect.stringMatching(/50000/) });
  });
});

describe('a few bytes that unpack to very many', () => {
  it('are unpacked no further than to where a record is too long', async () => {
    const bomb = gzipSync(Buffer.concat([Buffer.from(`url,caption\n${URL},"`), Buffer.alloc(200_000_000, 'a')]));
    expect(bomb.length).toBeLessThan(400_000);
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }, 5);
    const { error } = await read('a.csv.gz', bomb, { maxRecordBytes: 1_000_000 });
    clearInterval(watch);
    expect(error).toMatchObject({ code: 'FDC_ERR_MANIFEST_CORRUPT', message: expect.stringMatching(/1000000 bytes/) });
    expect(most).toBeLessThan(100_000_000);
  });

  it('are given up when they are parquet with one long text for thousands of rows', async () => {
    // 3,000 rows of one URL each and the same 1,000,000 letters: 3 GB in 8 kB.
    const file = path.join(path.dirname(fileURLToPath(import.meta.url)), 'fixtures', 'long-dictionary.parquet');
    const before = process.memoryUsage.rss();
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage.rss() - before);
    }, 5);
    const { error } = await collect(readManifest(file));
    clearInterval(watch);
    expect(error).toMatchObject({ code: 'FDC_ERR_MANIFEST_CORRUPT', message: expect.stringMatching(/can be held/) });
    expect(most).toBeLessThan(2 ** 31);
  });

  it('are looked into no further than the first MiB', async () => {
    const { head } = await unpackedHead(gzipSync(Buffer.alloc(100_000_000, 'a')), 'a.csv.gz');
    expect(head).toHaveLength(1024 * 1024);
  });
});

describe('an input within the bounds', () => {
  it('may have 5,000 columns, in batches of fewer rows', async () => {
    const row = `${URL}${',1'.repeat(4999)}\n`;
    const { batches, rows } = await read('a.csv', `${columns(5000)}\n${row.repeat(300)}`);
    expect(rows).toHaveLength(300);
    expect(batches[0]?.numRows).toBeLessThanOrEqual(210);
    expect(rows[299]).toMatchObject({ url: URL, c0: '1', c4998: '1' });
  });

  it('is shown by its first hundred columns', async () => {
    const place = await folder({ 'a.csv': `${columns(5000)}\n${URL}${',1'.repeat(4999)}\n` });
    const lines = inspectionLines(await inspectManifest(path.join(place, 'a.csv')));
    expect(lines.length).toBeLessThan(250);
    expect(lines).toContain('  and 4,900 more');
  });

  it('may name thousands of columns alike, which is said a hundred times', async () => {
    const place = await folder({ 'a.csv': `url${',x'.repeat(4999)}\n${URL}${',1'.repeat(4999)}\n` });
    const reader = readManifest(path.join(place, 'a.csv'));
    const { rows } = await collect(reader);
    expect(Object.keys(rows[0] as object)).toHaveLength(5003);
    expect(rows[0]).toMatchObject({ x: '1', x_2: '1', x_4999: '1' });
    expect(reader.warnings).toHaveLength(100);
  });

  it('may have rows of megabytes: no batch is much more than 32 MiB', async () => {
    const row = `${URL},${'x'.repeat(900_000)}\n`;
    const { batches } = await read('a.csv', `url,c\n${row.repeat(40)}`);
    expect(batches.reduce((sum, batch) => sum + batch.numRows, 0)).toBe(40);
    expect(Math.max(...batches.map(({ numRows }) => numRows))).toBeLessThanOrEqual(38);
  });

  it('may have JSON keys in any order, some of them missing', async () => {
    const keys = columns(50).slice(1);
    const line = (i: number) =>
      `{${keys
        .filter((_, k) => (k + i) % 3 > 0)
        .reverse()
        .map((key) => `"${key}":${i}`)},"a\\"b":"x","url":"${URL}"}\n`;
    const { rows } = await read('a.jsonl', Array.from({ length: 9000 }, (_, i) => line(i)).join(''));
    expect(rows).toHaveLength(9000);
    expect(rows[8999]).toMatchObject({ url: URL, 'a"b': 'x', c0: '8999', c2: '8999', c3: '8999' });
    expect(rows[8999]).toMatchObject({ c1: null });
    expect(rows[8998]).toMatchObject({ c2: null });
  });
});
