import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  Decimal,
  Dictionary,
  Field,
  Float64,
  Int32,
  Int64,
  LargeUtf8,
  List,
  Utf8,
  Vector,
  vectorFromArray,
} from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { utf8Column } from '../../../../src/arrow/columns.ts';
import {
  type ReadManifestOptions,
  readManifest,
  readManifestInfo,
} from '../../../../src/stages/manifest/read-manifest.ts';
import { urlColumns, writeLargeParquet, writeParquetFile } from '../../../support/manifests.ts';
import { collect, folder } from './collect-rows.ts';

const URLS = ['https://a.example.org/1.jpg', 'https://b.example.org/2.jpg', null];

const column = (values: unknown[], type: ConstructorParameters<typeof Field>[1]) =>
  vectorFromArray(values, type).data[0] as never;

async function file(name = 'm.parquet'): Promise<string> {
  return path.join(await folder(), name);
}

describe('parquet manifests', () => {
  it.each(['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI', 'ZSTD', 'LZ4_RAW'] as const)(
    'reads every row once and in order, compressed with %s',
    async (codec) => {
      const at = await file();
      await writeLargeParquet(at, 30_000, { codec, rowGroupRows: 20_000 });
      const reader = readManifest(at);
      const { batches, error } = await collect(reader);
      expect(error).toBeUndefined();
      expect(Math.max(...batches.map((batch) => batch.numRows))).toBeLessThanOrEqual(8192);
      const urls = batches.flatMap((batch) => [...(batch.getChild('url') ?? [])]);
      expect(urls).toEqual(urlsOf(30_000));
      expect(batches.flatMap((batch) => [...(batch.getChild('flow_dc:row') ?? [])])).toEqual(urls.map((_, i) => i));
      expect(reader.stats()).toEqual({ rows: 30_000, batches: batches.length, files: 1 });
    },
  );

  it('carries columns of any type, whatever in-memory form the writer noted', async () => {
    const at = await file();
    const struct = new List(new Field('item', new Int32(), true));
    await writeParquetFile(at, [
      ['url', column(URLS, new LargeUtf8())],
      ['label', column(['x', 'y', 'x'], new Dictionary(new Utf8(), new Int32()))],
      ['id', column([2n ** 62n, null, -1n], new Int64())],
      ['price', column([Uint32Array.of(125, 0, 0, 0), null, Uint32Array.of(50, 0, 0, 0)], new Decimal(2, 10, 128))],
      ['sizes', column([[1, 2], null, []], struct)],
    ]);
    const { rows, batches } = await collect(readManifest(at));
    expect(rows).toEqual([
      {
        'flow_dc:row': 0,
        'flow_dc:source_file': at,
        'flow_dc:source_row': 0,
        url: URLS[0],
        label: 'x',
        id: '4611686018427387904',
        price: '1.25',
        sizes: [1, 2],
      },
      {
        'flow_dc:row': 1,
        'flow_dc:source_file': at,
        'flow_dc:source_row': 1,
        url: URLS[1],
        label: 'y',
        id: null,
        price: null,
        sizes: null,
      },
      {
        'flow_dc:row': 2,
        'flow_dc:source_file': at,
        'flow_dc:source_row': 2,
        url: null,
        label: 'x',
        id: '-1',
        price: '0.50',
        sizes: [],
      },
    ]);
    expect(batches[0]?.schema.fields.slice(3, 5).map((field) => String(field.type))).toEqual(['Utf8', 'Utf8']);
    expect(Object.fromEntries(batches[0]?.schema.metadata ?? [])).toEqual({
      'flow_dc.url': 'url',
      'flow_dc.label': 'label',
    });
  });

  it('reads files in order, matching columns by name', async () => {
    const dir = await folder();
    await writeParquetFile(path.join(dir, 'a.parquet'), [
      ['url', utf8Column(['https://a.example.org/1'])],
      ['n', column([1], new Int32())],
    ]);
    await writeParquetFile(path.join(dir, 'b.parquet'), [
      ['n', column([1.5], new Float64())],
      ['url', utf8Column(['https://b.example.org/2'])],
      ['extra', utf8Column(['x'])],
    ]);
    const reader = readManifest(dir);
    const { rows } = await collect(reader);
    expect(
      rows.map(({ 'flow_dc:source_file': from, ...row }) => ({ ...row, from: path.basename(String(from)) })),
    ).toEqual([
      {
        'flow_dc:row': 0,
        'flow_dc:source_row': 0,
        url: 'https://a.example.org/1',
        n: '1',
        extra: null,
        from: 'a.parquet',
      },
      {
        'flow_dc:row': 1,
        'flow_dc:source_row': 0,
        url: 'https://b.example.org/2',
        n: '1.5',
        extra: 'x',
        from: 'b.parquet',
      },
    ]);
    expect(reader.warnings).toEqual([
      expect.stringMatching(/^n is Int32 in .*a\.parquet and Float64 in .*b\.parquet: carried as text$/),
      'not every file has the column extra: null where missing',
    ]);
  });

  it('refuses a file that lacks the URL column of the others', async () => {
    const dir = await folder();
    await writeParquetFile(path.join(dir, 'a.parquet'), [['url', utf8Column(['https://a.example.org/1'])]]);
    await writeParquetFile(path.join(dir, 'b.parquet'), [['link', utf8Column(['https://b.example.org/2'])]]);
    const { error } = await collect(readManifest(dir));
    expect(error).toMatchObject({
      code: 'FDC_ERR_MANIFEST_COLUMN',
      message: expect.stringMatching(/b\.parquet has no column url.*\(it has link\)/),
    });
  });

  it('looks into files without reading their rows', async () => {
    const at = await file();
    await writeLargeParquet(at, 5000);
    const info = await readManifestInfo(at);
    expect(info).toMatchObject({
      rows: 5000,
      roles: { url: 'url' },
      guessed: ['url'],
      columns: [{ name: 'url', type: 'Utf8' }],
      warnings: [],
    });
    expect(info.files).toMatchObject([
      { name: at, format: 'parquet', rows: 5000, hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
    expect(info.files[0]?.rowGroupBytes).toBeGreaterThan(1000);
    expect(await readManifest(at).ready).toEqual(info);
  });

  it('finds the URL column by its values when no name tells', async () => {
    const at = await file();
    await writeParquetFile(at, [
      ['n', column([1, 2, 3], new Int32())],
      ['where', column(URLS, new Utf8())],
    ]);
    expect(await readManifestInfo(at)).toMatchObject({ roles: { url: 'where' }, guessed: ['url'] });
  });

  it('reads the wanted columns and the URLs alone, without row numbers when nobody needs them', async () => {
    const at = await file();
    await writeParquetFile(at, [
      ['n', column([1, 2, 3], new Int32())],
      ['url', column(URLS, new Utf8())],
      ['m', column([4, 5, 6], new Int32())],
    ]);
    const names = async (options: ReadManifestOptions) => {
      const fields: string[][] = [];
      for await (const batch of readManifest(at, options))
        fields.push(batch.schema.fields.map(({ name }: Field) => name));
      return fields;
    };
    expect(await names({ columns: ['m'], rowNumbers: false })).toEqual([['url', 'm']]);
    expect(await names({ rowNumbers: false })).toEqual([['n', 'url', 'm']]);
    expect(await names({ columns: ['m'] })).toEqual([
      ['flow_dc:row', 'flow_dc:source_file', 'flow_dc:source_row', 'url', 'm'],
    ]);
  });

  it('stops after limit rows', async () => {
    const dir = await folder();
    for (const name of ['a', 'b']) await writeParquetFile(path.join(dir, `${name}.parquet`), urlColumns(0, 10));
    const reader = readManifest(dir, { limitRows: 13 });
    const { rows } = await collect(reader);
    expect(rows.map((row) => row['flow_dc:row'])).toEqual(Array.from({ length: 13 }, (_, i) => i));
    expect(reader.stats()).toEqual({ rows: 13, batches: 2, files: 2 });
  });

  it('says how far it came when a page is damaged, and hands on the rows before it', async () => {
    const at = await file();
    await writeLargeParquet(at, 60_000, { codec: 'ZSTD', rowGroupRows: 20_000 });
    const bytes = await readFile(at);
    bytes.fill(0x55, Math.floor(bytes.length * 0.55), Math.floor(bytes.length * 0.55) + 200);
    await writeFile(at, bytes);
    const { rows, error } = await collect(readManifest(at));
    expect(rows.length).toBeGreaterThanOrEqual(20_000);
    expect(error).toMatchObject({
      code: 'FDC_ERR_MANIFEST_CORRUPT',
      message: expect.stringMatching(new RegExp(`after row ${rows.length} of 60000`)),
    });
  });

  it.each([
    ['cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length - 500)],
    [
      'damaged in its footer',
      (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -300), Buffer.alloc(292, 0xff), bytes.subarray(-8)]),
    ],
  ])('refuses a file that is %s', async (_what, damage) => {
    const at = await file();
    await writeLargeParquet(at, 1000);
    await writeFile(at, damage(await readFile(at)));
    const { error } = await collect(readManifest(at));
    expect(error).toMatchObject({
      code: 'FDC_ERR_MANIFEST_CORRUPT',
      message: expect.stringMatching(/^\S+ is damaged: .*copy or download it again$/),
    });
  });

  it('refuses a manifest without rows', async () => {
    const at = await file();
    await writeParquetFile(at, [['url', utf8Column([])]]);
    expect((await collect(readManifest(at))).error).toMatchObject({ code: 'FDC_ERR_MANIFEST_EMPTY' });
  });

  it('ends its thread when it is destroyed in the middle, and fails with the reason of the signal', async () => {
    const at = await file();
    await writeLargeParquet(at, 50_000);
    const controller = new AbortController();
    const reader = readManifest(at, { signal: controller.signal });
    await new Promise((resolve) => reader.once('data', resolve));
    reader.pause();
    const closed = new Promise((resolve) => reader.once('close', resolve));
    const failed = new Promise((resolve) => reader.once('error', resolve));
    controller.abort();
    expect(await failed).toMatchObject({ name: 'AbortError' });
    await closed;
    await rm(at);
  });

  it('opens nothing for who was told to stop before, and fails with the reason of the signal', async () => {
    const at = await file();
    await writeLargeParquet(at, 1000);
    const reader = readManifest(at, { signal: AbortSignal.abort() });
    const [{ error }] = await Promise.all([collect(reader), expect(reader.ready).rejects.toThrow('aborted')]);
    expect(error).toMatchObject({ name: 'AbortError' });
  });

  it('calls no file damaged because it was destroyed early', async () => {
    const at = await file();
    await writeLargeParquet(at, 1000);
    const reader = readManifest(at);
    reader.destroy();
    await expect(reader.ready).rejects.toMatchObject({ code: 'FDC_ERR_INTERRUPTED' });
  });

  it('does not read on while nobody takes the batches', async () => {
    const at = await file();
    await writeLargeParquet(at, 200_000);
    const reader = readManifest(at);
    await new Promise((resolve) => reader.once('readable', resolve));
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(reader.stats().batches).toBeLessThanOrEqual(2);
    reader.destroy();
  });
});

function urlsOf(rows: number): unknown[] {
  return urlColumns(0, rows).flatMap(([, data]) => [...new Vector([data])]);
}
