import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type Data, DataType, type RecordBatch, vectorFromArray } from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchOf, int32Column, utf8Column } from '../../../src/arrow/columns.ts';
import { jsonReader } from '../../../src/arrow/json-value.ts';
import { takeRows } from '../../../src/arrow/take.ts';
import { hostOf } from '../../../src/host/host.ts';
import { type PartitionManifestOptions, partitionManifest, readManifest } from '../../../src/index.ts';
import { COLUMN_TYPES } from '../../support/column-types.ts';
import { writeParquetFile } from '../../support/manifests.ts';
import { tempFolder } from '../../support/temp-folder.ts';

type Row = Record<string, unknown>;

/** A manifest's own columns, row by row, and their types. */
async function read(...paths: string[]): Promise<{ rows: Row[]; types: Record<string, string> }> {
  const rows: Row[] = [];
  let types: Record<string, string> = {};
  for await (const batch of readManifest(paths) as AsyncIterable<RecordBatch>) {
    const own = batch.schema.fields.slice(3);
    types = Object.fromEntries(own.map(({ name, type }) => [name, String(type)]));
    const readers = own.map(({ name }, i) => [name, jsonReader(batch.data.children[i + 3] as Data)] as const);
    for (let row = 0; row < batch.numRows; row++)
      rows.push(Object.fromEntries(readers.map(([name, value]) => [name, value(row)])));
  }
  return { rows, types };
}

/**
 * What apache-arrow builds of nulls alone may lack buffers, which the writer of the manifest minds; gathering makes
 * them.
 */
function columnOf(type: DataType, values: readonly unknown[]): Data {
  const built = vectorFromArray(values, type).data[0] as Data;
  if (DataType.isDictionary(type)) return built;
  const rows = Array.from(values.keys());
  return takeRows([batchOf([['c', built]])], { batches: rows.map(() => 0), rows }).data.children[0] as Data;
}

async function partitionsOf(folder: string): Promise<string[]> {
  return (await readdir(folder)).sort().map((name) => join(folder, name));
}

const urls = (hosts: readonly (readonly [string, number])[]): string[] =>
  hosts.flatMap(([host, rows]) => Array.from({ length: rows }, (_, i) => `https://${host}/${i}.jpg`));

/** A manifest of `urls` with row ids, split. */
async function split(
  list: readonly (string | null)[],
  options: Omit<PartitionManifestOptions, 'output'>,
  more: [string, Data][] = [],
) {
  const folder = await tempFolder();
  const manifest = join(folder, 'm.parquet');
  const ids = int32Column(list.map((_, i) => i));
  await writeParquetFile(manifest, [['id', ids], ['url', utf8Column(list)], ...more]);
  const output = join(folder, 'out');
  const notices: string[] = [];
  const summary = await partitionManifest(manifest, { ...options, output, onNotice: (notice) => notices.push(notice) });
  const files = await Promise.all((await partitionsOf(output)).map(async (path) => (await read(path)).rows));
  return { summary, files, notices, output, manifest };
}

describe('partitionManifest', () => {
  it('keeps the type and every value of columns of all types', async () => {
    const folder = await tempFolder();
    const rows = fc.integer({ min: 3, max: 60 }).chain((length) => {
      const lists = COLUMN_TYPES.map(([, , value]) =>
        fc.array(fc.option(value), { minLength: length, maxLength: length }),
      );
      return fc.tuple(...lists);
    });
    await fc.assert(
      fc.asyncProperty(rows, async (lists) => {
        const length = lists[0]?.length as number;
        const [manifest, output] = [join(folder, 'm.parquet'), join(folder, 'out')];
        await writeParquetFile(manifest, [
          ['id', int32Column(Array.from({ length }, (_, i) => i))],
          ['url', utf8Column(Array.from({ length }, (_, i) => `https://h${i % 5}.example.org/${i}`))],
          ...COLUMN_TYPES.map(([name, type], i): [string, Data] => [name, columnOf(type, lists[i] ?? [])]),
        ]);
        const before = await read(manifest);
        await partitionManifest(manifest, { groups: 3, output, overwrite: true });
        const after = await read(...(await partitionsOf(output)));
        expect(after.types).toEqual({ ...before.types, host: 'Utf8' });
        const byId = after.rows.sort((a, b) => (a.id as number) - (b.id as number));
        expect(byId).toEqual(before.rows.map((row) => ({ ...row, host: hostOf(row.url as string) })));
      }),
      { numRuns: 3 },
    );
  });

  it('keeps a host in one file and rows in the order of the manifest', async () => {
    const list = urls(Array.from({ length: 40 }, (_, i) => [`h${i}.example.org`, 1 + ((i * 7) % 23)] as const));
    list.sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
    const { files, summary } = await split(list, { groups: 5 });
    const places = new Map<unknown, Set<number>>();
    files.forEach((rows, file) => {
      expect(rows.map(({ id }) => id)).toEqual([...rows.map(({ id }) => id as number)].sort((a, b) => a - b));
      for (const { host } of rows) places.set(host, (places.get(host) ?? new Set()).add(file));
    });
    expect([...places.values()].every((in_) => in_.size === 1)).toBe(true);
    expect(summary).toMatchObject({
      rows: list.length,
      hosts: 40,
      split: 0,
      partitions: files.map((rows) => ({ rows: rows.length })),
    });
    expect(summary.imbalance).toBeLessThan(1.1);
  });

  it('spreads a host above its fair share over several files, or leaves it whole when told to', async () => {
    const list = urls([
      ['big.example.org', 90],
      ['a.example.org', 6],
      ['b.example.org', 4],
    ]);
    expect((await split(list, { groups: 4 })).files.map((rows) => rows.length)).toEqual([25, 25, 25, 25]);
    const whole = await split(list, { groups: 4, keepHostWhole: true });
    expect(whole.files.map((rows) => rows.length)).toEqual([90, 6, 4]);
    expect(whole.notices.join()).toContain('only 3 are written');
  });

  it('keeps the hosts of a registrable domain together', async () => {
    const list = urls([
      ['a.one.co.uk', 5],
      ['a.two.co.uk', 4],
      ['b.one.co.uk', 1],
      ['b.two.co.uk', 2],
    ]);
    const { files } = await split(list, { groups: 2, groupBy: 'registrable-domain' });
    expect(files.map((rows) => [...new Set(rows.map(({ host }) => host))])).toEqual([
      ['a.one.co.uk', 'b.one.co.uk'],
      ['a.two.co.uk', 'b.two.co.uk'],
    ]);
  });

  it('keeps the values of a column together, null as one of them, and leaves them as they are', async () => {
    const list = urls([['h.example.org', 12]]);
    const species = ['Parus major', null, 'ä/b', null, 'Parus major', '', null, 'ä/b', 'Parus major', '', null, 'x'];
    const { files } = await split(list, { groups: 3, method: 'greedy', groupingColumn: 'species' }, [
      ['species', utf8Column(species)],
    ]);
    const found = files.map((rows) => [...new Set(rows.map((row) => row.species))]);
    expect(found).toEqual([[null], ['Parus major', 'x'], ['ä/b', '']]);
  });

  it('cuts runs of equal length with method simple', async () => {
    const { files } = await split(urls([['h.example.org', 8]]), { groups: 3, method: 'simple' });
    expect(files.map((rows) => rows.map(({ id }) => id))).toEqual([
      [0, 1, 2],
      [3, 4, 5],
      [6, 7],
    ]);
  });

  it('keeps rows whose URL cannot be fetched, with a null host', async () => {
    const { files, summary } = await split(['https://a.org/1', null, 'nothing', 'https://a.org/2'], { groups: 2 });
    expect(files.flat().filter(({ host }) => host === null)).toHaveLength(2);
    expect(summary).toMatchObject({ hosts: 1, invalidRows: 2 });
  });

  it('leaves a host column of the manifest as it is and names its own otherwise', async () => {
    const { files, notices } = await split(['https://a.org/1', 'https://b.org/1'], { groups: 1 }, [
      ['host', utf8Column(['mine', null])],
    ]);
    expect(files[0]).toMatchObject([
      { host: 'mine', url_host: 'a.org' },
      { host: null, url_host: 'b.org' },
    ]);
    expect(notices.join()).toContain('the host is written as url_host');
  });

  it('adds nothing when no host column is wanted', async () => {
    const { files } = await split(['https://a.org/1'], { groups: 1, addHostColumn: false });
    expect(files).toEqual([[{ id: 0, url: 'https://a.org/1' }]]);
  });

  it('writes csv that reads back as the same text', async () => {
    const captions = ['plain', 'with, comma', 'with "quotes"', 'two\nlines', '', null, 'ünïcødé'];
    const list = captions.map((_, i) => `https://a.org/${i}`);
    const { files } = await split(list, { groups: 2, format: 'csv' }, [['caption', utf8Column(captions)]]);
    const rows = files.flat().sort((a, b) => Number(a.id) - Number(b.id));
    // A reader of csv cannot tell null from empty text unless it looks at the quotes.
    expect(rows.map(({ caption }) => caption || null)).toEqual(captions.map((caption) => caption || null));
  });

  it('reads a pipe', async () => {
    const output = join(await tempFolder(), 'out');
    const stdin = Readable.from([Buffer.from('url,n\nhttps://a.org/1,1\nhttps://b.org/1,2\nhttps://a.org/2,3\n')]);
    const summary = await partitionManifest('-', { groups: 2, output, stdin });
    expect(summary.partitions.map(({ rows }) => rows)).toEqual([2, 1]);
  });

  it('leaves what is there alone when it fails', async () => {
    const { output, manifest } = await split(urls([['a.org', 6]]), { groups: 3 });
    const before = await readdir(output);
    await writeFile(join(output, 'notes.txt'), 'mine');
    const again = (options: Partial<PartitionManifestOptions>) =>
      partitionManifest(manifest, { groups: 2, output, ...options });
    await expect(again({})).rejects.toMatchObject({ code: 'FDC_ERR_DEST_FOREIGN' });
    await expect(again({ overwrite: true, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'FDC_ERR_INTERRUPTED',
    });
    await expect(again({ overwrite: true, groups: 7 })).rejects.toMatchObject({ code: 'FDC_ERR_CONFIG_INVALID' });
    expect((await readdir(output)).sort()).toEqual([...before, 'notes.txt'].sort());
  });

  it('replaces partitions of an earlier run, those that are no longer needed too, and nothing else', async () => {
    const { output, manifest } = await split(urls([['a.org', 6]]), { groups: 3 });
    await writeFile(join(output, 'notes.txt'), 'mine');
    await partitionManifest(manifest, { groups: 2, output, overwrite: true });
    expect((await readdir(output)).sort()).toEqual(['notes.txt', 'partition_001.parquet', 'partition_002.parquet']);
    expect(await readFile(join(output, 'notes.txt'), 'utf8')).toBe('mine');
  });
});
