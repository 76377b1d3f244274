import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { StoreFiles } from '../../../../src/dataset/files/store-files.ts';
import { findingsOf } from '../../../../src/dataset/verify/verify-dataset.ts';
import { StoreDestination } from '../../../../src/destination/store/store-destination.ts';
import { sweepUploads } from '../../../../src/destination/store/sweep.ts';
import { markRemoval, REMOVAL_FILE } from '../../../../src/job/removal-mark.ts';
import { finishRemoval } from '../../../../src/job/remove-samples.ts';
import { createStoreCommitter } from '../../../../src/job/store/store-committer.ts';
import { storeRemoval } from '../../../../src/job/store/store-removal.ts';
import { folderSink } from '../../../../src/stages/sink/folder-sink.ts';
import { tarSink } from '../../../../src/stages/sink/tar-sink.ts';
import { MemoryBucket } from '../../../support/memory-store.ts';
import { resultsOf, unitOf } from '../../../support/sink-units.ts';

/** Two units of three rows. */
const ROWS = [0, 1, 2, 3, 4, 5];
const GONE = [1, 3, 4];

const FORMS = [
  ['archives', {}],
  ['packed archives', { compressTar: true }],
  ['parquet files', { outputFormat: 'parquet' }],
  ['loose files', undefined],
] as const;

async function dataset(options: object | undefined, rows = 3): Promise<MemoryBucket> {
  const bucket = new MemoryBucket();
  const destination = new StoreDestination(bucket.store(), {
    layout: options === undefined ? 'files' : 'shards',
    localFolder: '/nowhere',
  });
  const committer = createStoreCommitter(destination.area.state);
  const units = [unitOf({ rows }), unitOf({ index: 1, rows, firstRow: rows })];
  const sink =
    options === undefined ? folderSink(destination, { committer }) : tarSink(destination, { committer, ...options });
  await pipeline(Readable.from(units.flatMap((unit) => resultsOf(unit))), sink);
  return bucket;
}

function copyOf({ objects }: MemoryBucket): MemoryBucket {
  const copy = new MemoryBucket();
  for (const [key, held] of objects) copy.objects.set(key, held);
  return copy;
}

describe.each(FORMS)('a removal from %s in a store', (_, options) => {
  it('that is cut short at any request is finished by whoever comes next, and leaves nothing of a sample', async () => {
    const source = await dataset(options);
    const layout = options === undefined ? 'files' : 'shards';
    let cuts = 0;
    for (let requests = 0, isWhole = false; !isWhole; requests += 3) {
      const bucket = copyOf(source);
      const { area } = new StoreDestination(bucket.store(), { layout, localFolder: '/nowhere' });
      const committer = createStoreCommitter(area.state);
      const place = storeRemoval(area, async () => {});
      const units = [];
      for await (const { unit } of committer.records()) units.push({ unit, rows: GONE });
      let left = requests;
      bucket.onRequest = () => {
        if (left <= 0) throw new Error('dead');
        left -= 1;
      };
      isWhole = await markRemoval(place.state, { id: 'cut', code: 'removed', forget: false, units })
        .then(() => finishRemoval(place))
        .then(
          () => true,
          () => false,
        );
      bucket.onRequest = () => {};
      if (!isWhole) cuts += 1;
      const isBegun = isWhole || (await area.state.head(REMOVAL_FILE)) !== undefined;
      await finishRemoval(place);
      await sweepUploads(area, committer.records());
      let stored = 0;
      for await (const record of committer.records()) stored += record.stored;
      expect(stored, `after ${requests} requests`).toBe(isBegun ? ROWS.length - GONE.length : ROWS.length);
      const files = new StoreFiles(area.output, layout);
      const findings = await findingsOf(files, { readRecords: (onDamaged) => committer.records(onDamaged) });
      expect(findings.all(), `after ${requests} requests`).toEqual([]);
      expect([...bucket.uploads.keys()]).toEqual([]);
      if (!isBegun || (options !== undefined && 'compressTar' in options)) continue;
      const all = Buffer.concat([...bucket.objects.values()].map(({ content }) => content));
      for (const row of ROWS) expect(all.includes(`image ${row}`), `row ${row}`).toBe(!GONE.includes(row));
    }
    expect(cuts).toBeGreaterThan(3);
  });
});

it('puts new objects in the places of old ones that are as long as they', async () => {
  const bucket = await dataset({}, 4);
  const { area } = new StoreDestination(bucket.store(), { localFolder: '/nowhere' });
  const committer = createStoreCommitter(area.state);
  for (const [id, rows] of [
    ['one', [0, 4]],
    ['two', [1, 5]],
  ] as const) {
    const place = storeRemoval(area, async () => {});
    const units = [];
    for await (const { unit } of committer.records()) units.push({ unit, rows });
    await markRemoval(place.state, { id, code: 'removed', forget: false, units });
    await finishRemoval(place);
  }
  const files = new StoreFiles(area.output, 'shards');
  const findings = await findingsOf(files, { readRecords: (onDamaged) => committer.records(onDamaged) });
  expect(findings.all()).toEqual([]);
  expect([...bucket.uploads.keys()]).toEqual([]);
});

it('decides no unit when this process may not any more', async () => {
  const bucket = await dataset({});
  const { area } = new StoreDestination(bucket.store(), { localFolder: '/nowhere' });
  const place = storeRemoval(area, () => Promise.reject(new Error('somebody else has the job')));
  const committer = createStoreCommitter(area.state);
  const units = [];
  for await (const { unit } of committer.records()) units.push({ unit, rows: GONE });
  await markRemoval(place.state, { id: 'late', code: 'removed', forget: false, units });
  await expect(finishRemoval(place)).rejects.toThrow('somebody else has the job');
  for await (const record of committer.records()) expect(record.stored).toBe(3);
});
