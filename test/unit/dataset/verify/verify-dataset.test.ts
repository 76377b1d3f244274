import { appendFile, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { readUnitOutcomes } from '../../../../src/dataset/outcome-rows.ts';
import { sealDataset } from '../../../../src/dataset/seal/seal-dataset.ts';
import type { Finding } from '../../../../src/dataset/verify/findings.ts';
import { ManifestUrls } from '../../../../src/dataset/verify/manifest-urls.ts';
import { verifyDataset } from '../../../../src/dataset/verify/verify-dataset.ts';
import { FolderDestination } from '../../../../src/destination/folder-destination.ts';
import { folderPaths } from '../../../../src/destination/folder-layout.ts';
import { createLocalCommitter } from '../../../../src/job/local-committer.ts';
import type { UnitRecord } from '../../../../src/record.ts';
import { folderSink } from '../../../../src/stages/sink/folder-sink.ts';
import { type DatasetSinkOptions, tarSink } from '../../../../src/stages/sink/tar-sink.ts';
import { resultOf, type UnitShape, unitOf } from '../../../support/sink-units.ts';
import { temporaryFolder } from '../../stages/sink/folders.ts';

interface Dataset {
  readonly folder: string;
  readonly records: UnitRecord[];
  verify(manifestRows?: number): Promise<Finding[]>;
}

/** Two units of 5 rows, each with one failure, written by the real sinks. */
async function dataset(
  loose: boolean,
  options: DatasetSinkOptions = {},
  shape: Partial<UnitShape> = {},
): Promise<Dataset> {
  const folder = join(await temporaryFolder(), 'out');
  const units = [0, 1].map((index) =>
    unitOf({ index, rows: 5, firstRow: index * 5, labels: ['a', 'b', 'a', null, 'b'], ...shape }),
  );
  const results = units.flatMap((unit) =>
    unit.decoded.map(({ index }) => resultOf(unit, index, index === 1 ? { status: 'failed', code: 'http_404' } : {})),
  );
  await pipeline(Readable.from(results), loose ? folderSink(folder, options) : tarSink(folder, options));
  const records: UnitRecord[] = [];
  const state = folderPaths(folder, loose ? 'files' : 'shards').state;
  for await (const record of createLocalCommitter(state).records()) records.push(record);
  return {
    folder,
    records,
    verify: (manifestRows) =>
      verifyDataset(folder, {
        readRecords: async function* () {
          yield* records;
        },
        manifestRows,
      }),
  };
}

/** What a finished job writes beside its shards. */
async function seal({ folder, records }: Dataset): Promise<void> {
  const destination = new FolderDestination(folder, { layout: 'shards' });
  const names = { version: '1', outputFormat: 'webdataset', createTar: true, createOverview: true } as const;
  const times = { startedAtMs: 0, sealedAtMs: 1, elapsedMs: 1, interrupted: false };
  const form = {
    compressTar: false,
    imageExtensions: ['jpg'],
    cls: true,
    classes: [],
    nullLabel: 'output',
    schema: unitOf({ rows: 0 }).batch.schema,
  };
  await sealDataset(destination, Readable.from(records), {
    ...names,
    ...times,
    inputs: [],
    settings: {},
    notes: [],
    ...form,
  });
}

function codes(findings: readonly Finding[]): string[] {
  return findings.map(({ code }) => code);
}

async function flipByte(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  await file.write(Buffer.from([(byte[0] as number) ^ 0xff]), 0, 1, at);
  await file.close();
}

describe('verifyDataset', () => {
  it.each<[string, boolean, DatasetSinkOptions]>([
    ['webdataset', false, { outputFormat: 'webdataset' }],
    ['imagefolder in tars', false, { outputFormat: 'imagefolder' }],
    ['compressed tars', false, { compressTar: true }],
    ['loose files', true, {}],
    ['parquet files', false, { outputFormat: 'parquet' }],
    ['names from URLs', false, { namingMode: 'url_based', fileNamePattern: '{segment_first}' }],
  ])('finds nothing wrong with %s as they were written', async (_name, loose, options) => {
    expect(await (await dataset(loose, options)).verify(10)).toEqual([]);
  });

  it('a flipped byte of a sample is a damaged file and a damaged sample', async () => {
    const { folder, verify } = await dataset(false);
    await flipByte(join(folder, '000000.tar'), 512);
    expect(codes(await verify())).toEqual(['sample_damaged', 'artifact_damaged']);
  });

  it('a flipped byte of a sample in a parquet file is a damaged file and a damaged sample, a cut one unreadable', async () => {
    const { folder, verify } = await dataset(false, { outputFormat: 'parquet' });
    const path = join(folder, 'data-000000.parquet');
    await flipByte(path, (await readFile(path)).indexOf('image 2') + 6);
    expect(codes(await verify())).toEqual(['sample_damaged', 'artifact_damaged']);
    const whole = await readFile(path);
    await writeFile(path, whole.subarray(0, 60));
    expect(codes(await verify()).sort()).toEqual(['artifact_damaged', 'artifact_unreadable']);
  });

  it('a flipped byte of an outcome table is found without parsing it', async () => {
    const { folder, verify } = await dataset(false);
    await flipByte(join(folder, '000000.parquet'), 200);
    const findings = await verify();
    expect(codes(findings)).toEqual(['artifact_damaged', 'row_missing']);
    expect(findings[1]).toMatchObject({ where: 'rows 0..4' });
  });

  it('a truncated tar is unreadable and damaged', async () => {
    const { folder, verify } = await dataset(false);
    const path = join(folder, '000001.tar');
    await writeFile(path, (await readFile(path)).subarray(0, 700));
    expect(codes(await verify())).toEqual(['artifact_unreadable', 'artifact_damaged']);
  });

  it('a deleted shard is missing', async () => {
    const { folder, verify } = await dataset(false);
    await rm(join(folder, '000001.tar'));
    expect(await verify()).toMatchObject([{ code: 'artifact_missing', where: '000001.tar' }]);
  });

  it('a unit without a record leaves its rows unaccounted for and its files are no strays', async () => {
    const { records, verify } = await dataset(false);
    records.pop();
    const findings = await verify(10);
    expect(findings[0]).toMatchObject({ code: 'row_missing', where: 'rows 5..9' });
    expect(codes(findings).slice(1)).toEqual(['record_missing']);
  });

  it('a unit counted twice repeats its rows', async () => {
    const { records, verify } = await dataset(false);
    records.push(records[0] as UnitRecord);
    expect(codes(await verify(10))).toContain('row_repeated');
  });

  it('a record whose counts differ from its table is inconsistent', async () => {
    const { records, verify } = await dataset(false);
    records[0] = { ...(records[0] as UnitRecord), stored: 3, failed: 2 };
    expect(codes(await verify())).toEqual(['record_inconsistent']);
  });

  it('two shards that were swapped are found', async () => {
    const { folder, verify } = await dataset(false);
    await rename(join(folder, '000000.tar'), join(folder, 'x'));
    await rename(join(folder, '000001.tar'), join(folder, '000000.tar'));
    await rename(join(folder, 'x'), join(folder, '000001.tar'));
    const found = codes(await verify());
    expect(found).toContain('artifact_damaged');
    expect(found).toContain('sample_missing');
    expect(found).toContain('sample_unexpected');
  });

  it('a file that no record names is a stray', async () => {
    const { folder, verify } = await dataset(false);
    await writeFile(join(folder, 'notes.txt'), 'x');
    await writeFile(join(folder, '_SUCCESS'), '');
    expect(await verify()).toMatchObject([{ code: 'stray', where: 'notes.txt' }]);
  });

  it('keys of the user that repeat over shards are found, and only then', async () => {
    const keys = ['k1', 'k2', 'k3', 'k4', 'k5'];
    const { verify } = await dataset(false, {}, { keys });
    expect(codes(await verify())).toEqual(Array(5).fill('key_repeated'));
  });

  it('loose files: damage, loss and strays are told apart', async () => {
    const { folder, verify } = await dataset(true);
    await appendFile(join(folder, 'a', '0000000000.png'), 'x');
    await rm(join(folder, 'b', '0000010004.png'));
    await writeFile(join(folder, 'b', 'stray.png'), 'x');
    expect(await verify()).toMatchObject([
      { code: 'sample_damaged', where: 'a/0000000000.png' },
      { code: 'sample_missing', where: 'b/0000010004.png' },
      { code: 'stray', where: 'b/stray.png' },
    ]);
  });

  it('a folder without a dataset is refused', async () => {
    const folder = await temporaryFolder();
    await expect(verifyDataset(folder, { readRecords: async function* () {} })).rejects.toMatchObject({
      code: 'FDC_ERR_JOB_MISSING',
    });
  });
});

describe('what lies beside the shards', () => {
  it.each([false, true])('is no stray where people and the hub put it there, loose files: %s', async (loose) => {
    const { folder, verify } = await dataset(loose);
    const papers = ['README.md', 'LICENSE', 'NOTICE.txt', 'CITATION.cff', 'dataset_infos.json', '.gitattributes'];
    for (const name of [...papers, '.DS_Store', 'Thumbs.db', 'desktop.ini', '._000000.tar'])
      await writeFile(join(folder, name), 'ours');
    for (const name of ['.git', '.cache/huggingface/upload', '@eaDir']) {
      await mkdir(join(folder, name), { recursive: true });
      await writeFile(join(folder, name, 'file.bin'), 'ours');
    }
    expect(await verify()).toEqual([]);
    await writeFile(join(folder, 'README.png'), 'x');
    expect(await verify()).toMatchObject([{ code: 'stray', where: 'README.png' }]);
  });

  it('is kept where it is a card of their own: neither compared with its sum nor written again', async () => {
    const made = await dataset(false);
    await seal(made);
    await writeFile(join(made.folder, 'README.md'), '# Birds\n\n- collected with flow-dc 1.2\n');
    expect(await made.verify()).toEqual([]);
    await seal(made);
    expect(await readFile(join(made.folder, 'README.md'), 'utf8')).toMatch(/^# Birds/);
    expect(await readFile(join(made.folder, 'SHA256SUMS'), 'utf8')).not.toContain('README.md');
    expect(await made.verify()).toEqual([]);
  });

  it('has its sums: a byte of any of it that is another one is found', async () => {
    const made = await dataset(false);
    await seal(made);
    expect(await made.verify()).toEqual([]);
    for (const name of ['README.md', 'overview.json', 'index.json', 'SHA256SUMS']) {
      const path = join(made.folder, name);
      const good = await readFile(path);
      for (const at of [0, Math.floor(good.length / 2), good.length - 1]) {
        await flipByte(path, at);
        expect((await made.verify()).length, `${name} at ${at}`).toBeGreaterThan(0);
        await writeFile(path, good);
      }
      if (name === 'SHA256SUMS') continue;
      await rm(path);
      expect(await made.verify()).toMatchObject([{ code: 'artifact_missing', where: name }]);
      await writeFile(path, good);
    }
    expect(await made.verify()).toEqual([]);
  });
});

describe('the rows of a manifest', () => {
  it('are compared by URL, credentials aside', async () => {
    const { folder, records } = await dataset(false);
    const urls: (string | null)[] = [];
    for (const { artifacts } of records)
      for (const { name } of artifacts.filter(({ name: file }) => file.endsWith('.parquet'))) {
        const table = readUnitOutcomes(await readFile(join(folder, name)));
        for (const [i, row] of table.rows.entries()) urls[row] = table.urls[i] ?? null;
      }
    const verify = async (changed: readonly (string | null)[]) => {
      const given = new ManifestUrls();
      for (const url of changed) given.add(url);
      return codes(await verifyDataset(folder, { readRecords: () => Readable.from(records), urls: given }));
    };
    expect(await verify(urls)).toEqual([]);
    expect(await verify(urls.map((url) => url?.replace('://', '://me:secret@') ?? null))).toEqual([]);
    expect(await verify(urls.with(7, 'http://other.test/'))).toEqual(['row_changed']);
    expect(await verify(urls.with(7, null))).toEqual(['row_changed']);
    expect(await verify([...urls, 'http://other.test/'])).toEqual(['row_missing']);
  });
});
