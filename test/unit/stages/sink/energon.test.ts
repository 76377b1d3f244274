import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect, it } from 'vitest';
import { sampleOffsets } from '../../../../src/dataset/removal/thinned-tar.ts';
import { energonFiles } from '../../../../src/dataset/seal/energon.ts';
import { tarSink } from '../../../../src/stages/sink/tar-sink.ts';
import { resultOf, unitOf } from '../../../support/sink-units.ts';
import { filesBelow, temporaryFolder } from './folders.ts';

const stillClock = { nowMs: () => 0, wallMs: () => 0, timer: () => () => {} };

it('the index of a tar says where each sample begins and the last one ends, also behind names with long headers', async () => {
  const folder = await temporaryFolder();
  const keys = ['a', null, `${'k'.repeat(80)}é`, 'd'];
  const unit = unitOf({ rows: 4, keys, captions: ['x', 'y', null, 'z'] });
  const results = [3, 0, 2].map((row) => resultOf(unit, row, { body: Buffer.alloc(700 + row) }));
  results.push(resultOf(unit, 1, { status: 'failed', code: 'http_404' }));
  await pipeline(
    Readable.from(results),
    tarSink(folder, { clock: stillClock, energon: true, outputFormat: 'webdataset' }),
  );
  expect(await filesBelow(folder)).toContain('000000.tar.idx');
  const index = await readFile(join(folder, '000000.tar.idx'));
  const offsets = Array.from({ length: index.length / 8 }, (_, at) => Number(index.readBigUInt64LE(at * 8)));
  const tar = await readFile(join(folder, '000000.tar'));
  expect(offsets).toEqual(await sampleOffsets(Readable.from([tar])));
  expect(offsets).toHaveLength(4);
  expect(tar.subarray(offsets.at(-1)).every((byte) => byte === 0)).toBe(true);
});

it('.nv-meta names the shards that have samples, all of them for training, and what a sample is', () => {
  const shards = [
    { name: '000000.tar', samples: 3, sha256: 'a' },
    { name: '000002.tar', samples: 1, sha256: 'b' },
  ];
  const { schema } = unitOf({ rows: 0, captions: [] }).batch;
  const files = new Map(energonFiles(shards, { schema, extensions: ['jpg', 'gif'], cls: true }));
  expect(JSON.parse(files.get('.nv-meta/.info.json') ?? '')).toEqual({
    energon_version: null,
    shard_counts: { '000000.tar': 3, '000002.tar': 1 },
  });
  expect(files.get('.nv-meta/split.yaml')).toBe(
    'split_parts:\n  train:\n  - 000000.tar\n  - 000002.tar\n  val: []\n  test: []\nexclude: []\n',
  );
  expect(files.get('.nv-meta/dataset.yaml')).toContain('__class__: CaptioningSample\nfield_map:\n  image: jpg,gif\n');
  expect(files.get('.nv-meta/index.uuid')).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
});
