/** Datasets in a folder as people's own programs open them, in every form that they are written in. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  type Data,
  type DataType,
  Field,
  Float64,
  Int64,
  List,
  Map_,
  type RecordBatch,
  Struct,
  Uint64,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import { expect, it } from 'vitest';
import { utf8Column } from '../../src/arrow/columns.ts';
import { ClassNumbers } from '../../src/dataset/class-numbers.ts';
import { sealDataset } from '../../src/dataset/seal/seal-dataset.ts';
import { FolderDestination } from '../../src/destination/folder-destination.ts';
import { createLocalCommitter } from '../../src/job/local-committer.ts';
import { readManifest } from '../../src/stages/manifest/read-manifest.ts';
import { folderSink } from '../../src/stages/sink/folder-sink.ts';
import { tarSink } from '../../src/stages/sink/tar-sink.ts';
import { decodeRows } from '../../src/unit-rows.ts';
import { outcomesOf } from '../support/dataset.ts';
import { describeFolderLoaders, readFolderWith } from '../support/loaders.ts';
import { resultsOf, type TestUnit, type UnitShape, unitOf } from '../support/sink-units.ts';
import { tempFolder } from '../support/temp-folder.ts';

interface Form {
  readonly outputFormat: 'webdataset' | 'imagefolder' | 'parquet';
  readonly createTar?: boolean;
  readonly compressTar?: boolean;
  /** Rows that are GIFs. */
  readonly gifs?: readonly number[];
}

interface HubRows {
  readonly features: Readonly<Record<string, string>>;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

const ROWS = 12;
const field = (name: string, type: DataType) => new Field(name, type, true);

/** Empty in the rows from which types are inferred. */
function late(type: DataType, value: unknown): Data {
  const values = Array.from({ length: ROWS }, (_, row) => (row < ROWS / 2 ? null : value));
  return vectorFromArray(values as never, type as never).data[0] as Data;
}

const entries = new Struct([new Field('key', new Utf8(), false), field('value', new Utf8())]);

const laion: UnitShape = {
  rows: ROWS,
  captions: Array.from({ length: ROWS }, (_, row) => (row % 3 === 0 ? null : `ünï 雪 ${row}`)),
  extra: [
    ['NSFW', late(new Utf8(), 'UNLIKELY')],
    ['similarity', late(new Float64(), 0.5)],
    ['SAMPLE_ID', late(new Int64(), 2n ** 60n + 1n)],
    ['phash', late(new Uint64(), 2n ** 64n - 1n)],
    ['tags', late(new List(field('item', new Utf8())), ['a', 'b'])],
    ['boxes', late(new List(field('item', new Struct([field('x', new Float64())]))), [{ x: 1 }])],
    ['place', late(new Struct([field('lat', new Float64()), field('of', new Utf8())]), { lat: 2, of: 'z' })],
    ['exif', late(new Map_(new Field('entries', entries, false) as never), new Map([['Make', 'X']]))],
    ['odd "name": \u0085 #', late(new Utf8(), 'v')],
    ['WIDTH', late(new Utf8(), '640')],
  ],
};

function unitsOf(shape: UnitShape): TestUnit[] {
  const numbers = new ClassNumbers({ known: [], publish: (label) => label });
  return [unitOf(shape), unitOf({ ...shape, index: 1, firstRow: shape.rows })].map((unit) => ({
    ...unit,
    batch: shape.labels === undefined ? unit.batch : numbers.addTo(unit.batch),
  }));
}

function written(shape: UnitShape, form: Form): Promise<string> {
  return sealed(unitsOf(shape), form);
}

async function sealed(units: readonly TestUnit[], form: Form): Promise<string> {
  const { createTar = true, compressTar = false, outputFormat, gifs = [] } = form;
  const folder = join(await tempFolder(), 'pictures');
  const destination = new FolderDestination(folder, { layout: createTar ? 'shards' : 'files' });
  const sink = createTar ? tarSink(destination, { compressTar, outputFormat }) : folderSink(destination);
  const results = units.flatMap(resultsOf).map((result) => {
    const gif = { contentType: 'image/gif', extension: 'gif' };
    return gifs.includes(result.row.row) ? { ...result, ...gif } : result;
  });
  await pipeline(Readable.from(results), sink);
  await sealDataset(destination, createLocalCommitter(destination.stateFolder).records(), {
    ...{
      version: '1',
      createTar,
      compressTar,
      outputFormat,
      createOverview: true,
      imageExtensions: ['jpg'],
      cls: true,
      classes: [],
      nullLabel: 'output',
    },
    ...{ schema: (units[0] as (typeof units)[0]).batch.schema, inputs: [], settings: {}, notes: [] },
    ...{ startedAtMs: 0, sealedAtMs: 1, elapsedMs: 1, interrupted: false },
  });
  return folder;
}

describeFolderLoaders('a dataset in a folder', () => {
  it('columns that are empty at first have the types of the manifest in Hugging Face', async () => {
    for (const compressTar of [false, true]) {
      const folder = await written(laion, { outputFormat: 'webdataset', compressTar });
      const { rows, features } = await readFolderWith<HubRows>('hub', folder);
      expect(rows).toHaveLength(2 * ROWS);
      expect(features.jpg).toContain('Image(');
      expect(rows[1]).toMatchObject({ jpg: 'image 1', txt: 'ünï 雪 1', json: { caption: 'ünï 雪 1', NSFW: null } });
      expect(rows[ROWS - 1]?.json).toMatchObject({
        ...{ NSFW: 'UNLIKELY', similarity: 0.5, tags: ['a', 'b'], boxes: [{ x: 1 }], place: { lat: 2, of: 'z' } },
        phash: 2 ** 64,
        ...{ exif: { Make: 'X' }, 'odd "name": \u0085 #': 'v', manifest_WIDTH: '640', width: 4 },
      });
      expect(features.json).toContain("'SAMPLE_ID': Value('int64')");
    }
  });

  it('parquet files with the pictures in them are a dataset of pictures in Hugging Face, with the types of the manifest', async () => {
    const folder = await written(laion, { outputFormat: 'parquet' });
    const { rows, features } = await readFolderWith<HubRows>('hub', folder);
    expect(features.image).toContain('Image(');
    expect(rows.map(({ image }) => image)).toEqual(Array.from({ length: 2 * ROWS }, (_, row) => `image ${row}`));
    expect(rows[ROWS - 1]).toMatchObject({
      ...{ NSFW: 'UNLIKELY', similarity: 0.5, tags: ['a', 'b'], boxes: [{ x: 1 }], place: { lat: 2, of: 'z' } },
      ...{ exif: '{"Make":"X"}', 'odd "name": \u0085 #': 'v', manifest_WIDTH: '640', width: 4, row: ROWS - 1 },
    });
    for (const loader of ['duckdb-data', 'polars-data', 'pyarrow-data'] as const)
      expect(await readFolderWith(loader, folder), loader).toEqual(rows.map(({ image, caption }) => [image, caption]));
  });

  it('pictures of a type that is no jpg have a field of their own in Hugging Face, from the first rows or the last', async () => {
    const gifs = [1, ROWS + 2];
    const folder = await written({ rows: ROWS }, { outputFormat: 'webdataset', gifs });
    const { rows, features } = await readFolderWith<HubRows>('hub', folder);
    expect(features.gif).toContain('Image(');
    const fields = Array.from({ length: 2 * ROWS }, (_, row) => [`image ${row}`, null]);
    for (const row of gifs) fields[row]?.reverse();
    expect(rows.map(({ jpg, gif }) => [jpg, gif])).toEqual(fields);
  });

  it('labels are classes with names in Hugging Face, and a row without one has none', async () => {
    const labels = Array.from({ length: ROWS }, (_, row) => ['wölf: "x"', 'ant', null][row % 3] as string | null);
    const folder = await written({ rows: ROWS, labels }, { outputFormat: 'webdataset' });
    const { rows, features } = await readFolderWith<HubRows>('hub', folder);
    expect(features.cls).toBe(`ClassLabel(names=['wölf: "x"', 'ant'])`);
    expect(rows.map(({ cls }) => cls)).toEqual(Array.from({ length: 2 * ROWS }, (_, row) => [0, 1, -1][row % 3]));
  });

  it('JSON keeps its types in Hugging Face and in the tables: numbers, words, lists, objects, and what changes', async () => {
    const rows = Array.from({ length: ROWS }, (_, row) => ({
      ...{ url: `https://a.test/${row}.jpg`, n: row, x: row === 3 ? 2 : row + 0.5, ok: row % 2 === 0, s: '007' },
      ...{ o: row < 6 ? null : { k: [row, 'ü'] }, any: [row, true, null][row % 3] },
    }));
    const file = join(await tempFolder(), 'm.jsonl');
    await writeFile(file, rows.map((row) => JSON.stringify(row)).join('\n'));
    const [batch] = (await readManifest(file).toArray()) as RecordBatch[];
    const unit = { ...unitOf({ rows: ROWS }), batch: batch as RecordBatch };
    const decoded = decodeRows({ shard: unit.shard, rows: unit.batch });
    const folder = await sealed([{ ...unit, decoded }], { outputFormat: 'webdataset' });
    const found = await readFolderWith<HubRows>('hub', folder);
    for (const [row, { json }] of found.rows.entries()) expect(json).toMatchObject({ ...rows[row], row });
    expect(found.features.json).toContain("'n': Value('int64'), 'x': Value('float64'), 'ok': Value('bool')");
    const [table] = await outcomesOf(folder);
    expect(table).toMatchObject({ n: 0, x: 0.5, ok: true, s: '007', any: '0' });
  });

  it('pictures in archives of folders are said to be no webdataset, and their account is read', async () => {
    // Of maps its parquet reader knows nothing.
    const extra = laion.extra?.filter(([name]) => name !== 'exif') ?? [];
    const folder = await written({ ...laion, extra, labels: laion.captions ?? [] }, { outputFormat: 'imagefolder' });
    const { rows } = await readFolderWith<HubRows>('hub', folder);
    expect(rows).toHaveLength(2 * ROWS);
    expect(rows[ROWS - 1]).toMatchObject({ status: 'fetched', NSFW: 'UNLIKELY' });
  });

  it("no column of a manifest takes a picture's place in a folder", async () => {
    const extra = ['image', 'file_name', 'label', 'text'].map((name) => [name, late(new Utf8(), 'mine')] as const);
    const folder = await written({ rows: ROWS, extra }, { outputFormat: 'imagefolder', createTar: false });
    const { rows, features } = await readFolderWith<HubRows>('imagefolder', folder);
    expect(Object.entries(features).filter(([, type]) => type.startsWith('Image('))).toHaveLength(1);
    expect(rows.map(({ image }) => image)).toEqual(Array.from({ length: 2 * ROWS }, (_, row) => `image ${row}`));
    expect(rows[ROWS - 1]).toMatchObject({ manifest_image: 'mine', manifest_filename: 'mine', manifest_text: 'mine' });
  });

  it('the outcome tables are read by one name in DuckDB, pandas and pyarrow', async () => {
    const folder = await written(
      { rows: ROWS, extra: [['n', utf8Column(Array(ROWS).fill('x'))]] },
      { outputFormat: 'webdataset' },
    );
    for (const loader of ['duckdb', 'pandas', 'pyarrow'] as const)
      expect(await readFolderWith<unknown[]>(loader, folder), loader).toHaveLength(2 * ROWS);
  });
});
