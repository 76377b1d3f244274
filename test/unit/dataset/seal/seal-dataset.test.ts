import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { float64Column, utf8Column } from '../../../../src/arrow/columns.ts';
import { textColumn } from '../../../../src/arrow/text.ts';
import { decodeParquet } from '../../../../src/dataset/parquet-file.ts';
import { parseChecksums } from '../../../../src/dataset/seal/checksums.ts';
import { HostsSeen, oneHostLine } from '../../../../src/dataset/seal/one-host.ts';
import type { SealInfo } from '../../../../src/dataset/seal/overview.ts';
import { sealDataset } from '../../../../src/dataset/seal/seal-dataset.ts';
import { FolderDestination } from '../../../../src/destination/folder-destination.ts';
import type { FolderLayout } from '../../../../src/destination/folder-layout.ts';
import { createLocalCommitter } from '../../../../src/job/local-committer.ts';
import { folderSink } from '../../../../src/stages/sink/folder-sink.ts';
import { tarSink } from '../../../../src/stages/sink/tar-sink.ts';
import { resultOf, unitOf } from '../../../support/sink-units.ts';
import { temporaryFolder } from '../../stages/sink/folders.ts';

const info: SealInfo = {
  ...{
    version: '1.2.3',
    outputFormat: 'webdataset',
    createTar: true,
    compressTar: false,
    imageExtensions: ['jpg'],
    cls: true,
    classes: [],
    nullLabel: 'output',
    schema: unitOf({ rows: 0 }).batch.schema,
    createOverview: true,
    settings: { timeout_sec: 30 },
  },
  ...{ inputs: [{ name: '/data/m.parquet', identity: 'sha256 abc' }], startedAtMs: 0, sealedAtMs: 86_400_000 },
  ...{ elapsedMs: 2000, interrupted: false, notes: ['certificates were not checked'] },
};

/** Three units: 2 stored and 1 failed, 2 stored and 1 failed, all failed. */
async function sealed(layout: FolderLayout, repeat = 1, form: Partial<SealInfo> = {}): Promise<FolderDestination> {
  const destination = new FolderDestination(join(await temporaryFolder(), 'birds'), { layout });
  const units = [2, 0, 1].map((index) => unitOf({ index, rows: 3, firstRow: index * 3, labels: ['a', 'b', null] }));
  const results = units.flatMap((unit) =>
    unit.decoded.map(({ index }) => {
      const failed = index === 1 || unit.shard === '000002';
      return resultOf(unit, index, failed ? { status: 'failed', code: index === 1 ? 'http_404' : 'reset' } : {});
    }),
  );
  await pipeline(
    Readable.from(results),
    layout === 'shards' ? tarSink(destination, { outputFormat: 'webdataset' }) : folderSink(destination),
  );
  for (let i = 0; i < repeat; i += 1) {
    await sealDataset(destination, createLocalCommitter(destination.stateFolder).records(), {
      ...info,
      createTar: layout === 'shards',
      ...form,
    });
  }
  return destination;
}

async function textOf(destination: FolderDestination, name: string): Promise<string> {
  return Buffer.from(await destination.readFile(name)).toString();
}

describe('sealDataset', () => {
  it("the overview has FLOW-DC's keys with MB of 10^6 bytes", async () => {
    const overview = JSON.parse(await textOf(await sealed('shards'), 'overview.json'));
    expect(overview.summary).toMatchObject({
      ...{ total_urls: 9, successful_downloads: 4, failed_downloads: 5, success_rate_percent: 44.44 },
      ...{ downloaded_mb: 0, elapsed_sec: 2, shutdown_requested: false },
    });
    expect(overview.error_breakdown).toMatchObject([
      { status_code: 404, code: 'http_404', count: 3 },
      { status_code: null, code: 'reset', count: 2 },
    ]);
    expect(overview.script_inputs).toEqual({ timeout_sec: 30 });
  });

  it('shards of one host are told of where training reads them in order, unless there is only one', () => {
    const record = (index: number, host: string | undefined, stored = 2) => ({
      unit: `00000${index}-aaaaaaaa`,
      stored,
      host,
    });
    const lineOf = (records: readonly ReturnType<typeof record>[], isMixed = false): string | undefined => {
      const seen = new HostsSeen();
      for (const one of records) seen.add(one);
      const found = seen.found(isMixed);
      return found && oneHostLine(found);
    };
    expect(lineOf([record(1, 'a.test'), record(0, 'a.test'), record(2, undefined, 0)])).toBeUndefined();
    expect(lineOf([record(0, undefined), record(1, undefined)])).toBeUndefined();
    expect(lineOf([record(7, 'b.test'), record(3, 'a.test'), record(4, undefined)])).toBe(
      'shards 000003, 000007: one host each; where training reads shards in order, --mix mixes hosts',
    );
    expect(lineOf([record(0, undefined), record(1, 'a.test')], true)).toBe(
      'shard 000001: samples of one host; its rows fill a whole window: shuffle the manifest before',
    );
    const many = Array.from({ length: 9 }, (_, i) => record(i, `${i % 2}.test`));
    expect(lineOf(many)).toContain('shards 000000, 000001, 000002, 000003, 000004 and 4 more: one host each');
  });

  it('the sizes are of every archive, as open_clip looks them up', async () => {
    const sizes = { '000000.tar': 2, '000001.tar': 2, '000002.tar': 0 };
    expect(JSON.parse(await textOf(await sealed('shards'), 'sizes.json'))).toEqual(sizes);
    const imagefolder = await sealed('shards', 1, { outputFormat: 'imagefolder' });
    expect(await readdir(imagefolder.paths.output)).not.toContain('sizes.json');
  });

  it('the index lists shards with samples, in order, as wids wants it', async () => {
    const index = JSON.parse(await textOf(await sealed('shards'), 'index.json'));
    expect(index).toMatchObject({ __kind__: 'wids-shard-index-v1', wids_version: 1 });
    expect(index.shardlist).toMatchObject([
      { url: '000000.tar', nsamples: 2 },
      { url: '000001.tar', nsamples: 2 },
    ]);
  });

  it('the card names the tars for the hub, the manifest, the losses and what was switched off', async () => {
    const card = await textOf(await sealed('shards'), 'README.md');
    expect(card).toMatch(/^---\nconfigs:\n- config_name: default\n {2}data_files: "\*\.tar"\ndataset_info:\n/);
    expect(card).toContain('# birds');
    expect(card).toContain('flow-dc 1.2.3, 1970-01-01 to 1970-01-02');
    expect(card).toContain('`m.parquet` (sha256 abc)');
    expect(card).toContain('| reset | 2 | yes |');
    expect(card).toContain('certificates were not checked');
  });

  it('the card has a field for every type that is stored, and says so', async () => {
    const destination = new FolderDestination(join(await temporaryFolder(), 'birds'), { layout: 'shards' });
    const unit = unitOf({ rows: 3 });
    const types = ['image/gif gif', 'video/mp4 mp4', 'image/png png'].map((type) => type.split(' '));
    const results = types.map(([contentType, extension], index) => resultOf(unit, index, { contentType, extension }));
    await pipeline(Readable.from(results), tarSink(destination));
    await sealDataset(destination, createLocalCommitter(destination.stateFolder).records(), info);
    const card = await textOf(destination, 'README.md');
    const fields = [...card.matchAll(/^ {2}- \{"name":"(\w+)","dtype":"(image|binary)"\}$/gm)].map(
      ([, ...type]) => type,
    );
    expect(fields).toEqual([
      ['jpg', 'image'],
      ['gif', 'image'],
      ['mp4', 'binary'],
    ]);
    expect(card).toContain('to_tuple("jpg;gif;mp4", "json")');
  });

  it('the card has the types of all fields, by the schema of the manifest and not by what the first rows hold', async () => {
    const extra = [
      ['n', float64Column([null])],
      ['u\u0085', utf8Column([null])],
    ] as const;
    const { schema } = unitOf({ rows: 1, captions: [null], extra }).batch;
    const card = await textOf(await sealed('shards', 1, { schema }), 'README.md');
    const features = [...card.matchAll(/^ {2}- (\{.*\})$/gm)].map(([, feature]) => JSON.parse(feature as string));
    expect(features.map(({ name }) => name)).toEqual(['jpg', 'txt', 'json', '__key__', '__url__']);
    expect(features[2].struct).toEqual(
      expect.arrayContaining([
        ...[
          { name: 'caption', dtype: 'string' },
          { name: 'width', dtype: 'int64' },
        ],
        ...[
          { name: 'n', dtype: 'float64' },
          { name: 'u\u0085', dtype: 'string' },
        ],
      ]),
    );
    expect(card).toContain('\\u0085');
  });

  it('archives that loaders cannot open have no index for them, and the card says what to do', async () => {
    for (const form of [{ outputFormat: 'imagefolder' }, { compressTar: true }] as const) {
      const destination = await sealed('shards', 1, form);
      expect(await readdir(destination.paths.output)).not.toContain('index.json');
      const card = await textOf(destination, 'README.md');
      expect(card).toMatch(
        'compressTar' in form ? /data_files: "\*\.tar\.gz"[\s\S]*no index/ : /"\[0-9\][\s\S]*unpack them first/,
      );
    }
  });

  it('sealing twice gives the same folder', async () => {
    const [once, twice] = [await sealed('shards'), await sealed('shards', 2)];
    expect(await readdir(twice.paths.output)).toEqual(await readdir(once.paths.output));
    expect(await textOf(twice, 'index.json')).toBe(await textOf(once, 'index.json'));
  });

  it('loose files get one table of all stored samples, and no other file beside the classes', async () => {
    const destination = await sealed('files');
    expect((await readdir(destination.paths.output)).sort()).toEqual(['a', 'metadata.parquet', 'output']);
    expect(await readdir(destination.stateFolder)).toEqual(
      expect.arrayContaining(['_SUCCESS', 'overview.json', 'README.md']),
    );
    const batches = decodeParquet(await readFile(join(destination.paths.output, 'metadata.parquet')));
    expect(batches[0]?.schema.names.slice(0, 2)).toEqual(['file_name', 'key']);
    const names = batches.flatMap((batch) => textColumn(batch.data.children[0] as never));
    expect(names).toEqual(['a/0000000000.png', 'output/0000000002.png', 'a/0000010000.png', 'output/0000010002.png']);
  });

  it('sums of all files are there, as sha256sum reads them', async () => {
    for (const layout of ['shards', 'files'] as const) {
      const destination = await sealed(layout);
      const sums = parseChecksums(await textOf(destination, 'SHA256SUMS'));
      expect([...(sums?.keys() ?? [])]).toEqual(
        expect.arrayContaining(['README.md', 'overview.json', '000000.parquet']),
      );
      for (const [name, sum] of sums ?? [])
        expect(
          createHash('sha256')
            .update(await destination.readFile(name))
            .digest('hex'),
          name,
        ).toBe(sum);
    }
  });
});
