import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { StoreFiles } from '../../../../src/dataset/files/store-files.ts';
import { findingsOf } from '../../../../src/dataset/verify/verify-dataset.ts';
import { FlowDcError } from '../../../../src/errors.ts';
import type { Artifact, UnitRecord } from '../../../../src/record.ts';
import type { ObjectStore } from '../../../../src/store/object-store.ts';
import { MemoryBucket } from '../../../support/memory-store.ts';

const UNIT = {
  unit: '000000-1a2b3c4d',
  token: 'first',
  worker: 'w',
  rows: 1,
  stored: 1,
  failed: 0,
  skipped: 0,
} as const;

function recordOf(...artifacts: readonly Artifact[]): UnitRecord {
  return { ...UNIT, bytes: 3, artifacts, errors: {}, committedAtMs: 0 };
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

/** An upload whose bytes are all with the store, and that nobody completed. */
async function uploaded(store: ObjectStore, name: string): Promise<Artifact> {
  const upload = store.upload(name);
  await upload.write([Buffer.from('abc')]);
  const { bytes, sha256, upload: note } = await upload.close();
  return { name, bytes, sha256, upload: note };
}

describe('a dataset in a store', () => {
  it('has a committed unit pending until its uploads are completed', async () => {
    const store = new MemoryBucket().store();
    const files = new StoreFiles(store, 'shards');
    const artifact = await uploaded(store, '000000.tar');
    expect(await files.isPending(recordOf(artifact))).toBe(true);
    await store.complete('000000.tar', artifact.upload as NonNullable<Artifact['upload']>);
    expect(await files.isPending(recordOf(artifact))).toBe(false);
  });

  it('has a unit of loose files pending until nothing of it is staged', async () => {
    const store = new MemoryBucket().store();
    const files = new StoreFiles(store, 'files');
    const staged = store.beside('.flow-dc');
    await staged.put(`staging/${UNIT.unit}.first/files/a/b.jpg`, 'abc');
    expect(await files.isPending(recordOf())).toBe(true);
    expect(await files.isPending({ ...recordOf(), token: 'second' })).toBe(false);
  });

  it('keeps what the job has for itself apart, and tells each group of others once', async () => {
    const store = new MemoryBucket().store();
    for (const key of ['.flow-dc/job.json', '.flow-dc/units/000/x', '000000.tar', 'mine/1', 'mine/2', 'mine-too'])
      await store.put(key, '');
    const names = (await all(new StoreFiles(store, 'shards').entries())).map(({ name }) => name);
    expect(names.sort()).toEqual(['000000.tar', 'mine-too', 'mine/']);
  });

  it('has uploads left over of the names that are its own', async () => {
    const store = new MemoryBucket().store();
    for (const key of ['000003.tar', 'of-others.bin', '.flow-dc/staging/000001-1a2b3c4d.t/x'])
      await uploaded(store, key);
    const found = (await all(new StoreFiles(store, 'shards').leftovers())).map(({ kind, where }) => `${kind} ${where}`);
    expect(found.sort()).toEqual(['upload .flow-dc/staging/000001-1a2b3c4d.t/x', 'upload 000003.tar']);
  });

  it('is not said to lack anything when its store does not answer', async () => {
    const bucket = new MemoryBucket();
    bucket.onRequest = (what) => {
      if (what === 'read' || what === 'open' || what === 'head') throw new FlowDcError('FDC_ERR_DEST_IO', 'away');
    };
    const record = recordOf({ name: '000000.tar', bytes: 3, sha256: '0'.repeat(64) });
    const checking = findingsOf(new StoreFiles(bucket.store(), 'shards'), {
      readRecords: () => Readable.from([record]),
    });
    await expect(checking).rejects.toThrow('away');
  });
});
