import { describe, expect, it } from 'vitest';
import { formatListedFile } from '../../../../src/destination/hashed-file.ts';
import type { JobIdentity } from '../../../../src/job/identity.ts';
import type { OpenJobOptions } from '../../../../src/job/open-job.ts';
import { createStoreCommitter } from '../../../../src/job/store/store-committer.ts';
import {
  markStoreForRepair,
  type OpenStoreJob,
  openStoreJob,
  readStoreJob,
  writeStoreMark,
} from '../../../../src/job/store/store-job.ts';
import type { UnitRecord } from '../../../../src/record.ts';
import { MemoryBucket } from '../../../support/memory-store.ts';
import { makeUnits, recordOf } from '../../../support/units.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';
import { identity } from '../fixtures/identity.ts';

const looseIdentity: JobIdentity = { ...identity, createTar: false, outputFormat: 'imagefolder' };

function setUp() {
  const bucket = new MemoryBucket();
  const output = bucket.store('out');
  /** Open, and close again before anything else happens. */
  const visit = async (now: JobIdentity = identity, options: OpenJobOptions = {}): Promise<OpenStoreJob> => {
    const job = await openStoreJob(output, now, { ...options, clock: new VirtualClock() });
    await job.close();
    return job;
  };
  const state = bucket.store('out/.flow-dc');
  /** A committed and rolled-forward unit of a tar job. */
  const storeShard = async (index = 0): Promise<UnitRecord> => {
    const unit = makeUnits(index + 1)[index];
    if (unit === undefined) throw new Error('no unit');
    const record = recordOf(unit);
    for (const { name } of record.artifacts) await output.put(name, 'x');
    await createStoreCommitter(state).commit(record);
    return record;
  };
  return { bucket, output, state, visit, storeShard };
}

describe('a job in a store', () => {
  it('is made in an empty prefix and found again from the store alone', async () => {
    const { bucket, output, visit } = setUp();
    const made = await visit(identity, { settings: { url: 'url' } });
    expect(made).toMatchObject({ resumed: false, out: 's3://bucket/out' });
    expect(bucket.keys).toEqual(['out/.flow-dc/job.json']);
    expect(await readStoreJob(output)).toMatchObject({ id: made.id, settings: { url: 'url' } });
    expect(await visit()).toMatchObject({ id: made.id, resumed: true });
  });

  it('keeps the state of loose files beside them', async () => {
    const { bucket, output, visit } = setUp();
    const made = await visit(looseIdentity);
    expect(bucket.keys).toEqual(['out.flow-dc/job.json']);
    expect((await readStoreJob(output)).id).toBe(made.id);
  });

  it('of a whole bucket is never one of loose files, whose state would be taken for that of shards', async () => {
    const { bucket } = setUp();
    const whole = bucket.store('');
    const clock = new VirtualClock();
    const refused = openStoreJob(whole, looseIdentity, { clock });
    await expect(refused).rejects.toMatchObject({ code: 'FDC_ERR_CONFIG_INVALID' });
    expect(bucket.keys).toEqual([]);
    await (await openStoreJob(whole, identity, { clock })).close();
    expect((await readStoreJob(whole)).area.layout).toBe('shards');
  });

  it('is refused in a prefix with objects of others, which are named, and left alone', async () => {
    const { bucket, output, visit } = setUp();
    for (const key of ['b.txt', 'c.txt', 'd.txt', 'e/f.txt']) await output.put(key, '');
    const refused = visit();
    await expect(refused).rejects.toMatchObject({ code: 'FDC_ERR_DEST_FOREIGN' });
    await expect(refused).rejects.toThrow('b.txt, c.txt, d.txt and 1 more');
    expect(bucket.keys).toHaveLength(4);
  });

  it('is made beside what consoles put there for a folder', async () => {
    const { output, visit } = setUp();
    await output.put('', '');
    expect(await visit()).toMatchObject({ resumed: false });
  });

  it('is refused with other settings, naming them', async () => {
    const { visit } = setUp();
    await visit();
    const refused = visit({ ...identity, shardSize: 1000 });
    await expect(refused).rejects.toMatchObject({ code: 'FDC_ERR_JOB_MISMATCH' });
    await expect(refused).rejects.toThrow('shard_size was 2000, is now 1000');
    await expect(visit(looseIdentity)).rejects.toMatchObject({ code: 'FDC_ERR_JOB_MISMATCH' });
  });

  it('has one writer at a time', async () => {
    const { output, visit } = setUp();
    const job = await openStoreJob(output, identity, { clock: new VirtualClock() });
    await expect(visit()).rejects.toMatchObject({ code: 'FDC_ERR_JOB_LOCKED' });
    await job.close();
    await visit();
  });

  it('is given back when it cannot be opened', async () => {
    const { bucket, visit } = setUp();
    await visit();
    await expect(visit({ ...identity, shardSize: 1 })).rejects.toThrow();
    expect(bucket.keys).toEqual(['out/.flow-dc/job.json']);
  });

  it('is not written beside the workers of a server, and can be taken over from them', async () => {
    const { visit } = setUp();
    const { area } = await visit();
    await writeStoreMark(area, { job: 'j-1', servers: ['nats://a'], own: false });
    await expect(visit()).rejects.toMatchObject({ code: 'FDC_ERR_JOB_DISTRIBUTED' });
    await visit(identity, { distributed: 'take-over' });
    await visit();
  });
});

describe('overwriting a job in a store', () => {
  it('deletes what its records name, its seal and its state, and nothing else', async () => {
    const { bucket, output, visit, storeShard } = setUp();
    const before = await visit();
    await storeShard(0);
    await storeShard(1);
    for (const name of ['_SUCCESS', 'index.json', 'notes.txt', '000009.tar']) await output.put(name, '');
    const after = await visit({ ...identity, shardSize: 1000 }, { overwrite: true });
    expect(after.id).not.toBe(before.id);
    expect(after.notices).toEqual([
      'left alone in s3://bucket/out, because no record names them: 000009.tar, notes.txt',
    ]);
    expect(bucket.keys).toEqual(['out/.flow-dc/job.json', 'out/000009.tar', 'out/notes.txt']);
  });

  it('goes on at the next opening when it was cut short, whatever the options are then', async () => {
    const { bucket, output, visit, storeShard } = setUp();
    const before = await visit();
    await storeShard();
    bucket.onRequest = (what, key) => {
      if (what === 'remove' && key.startsWith('0000')) throw new Error('killed');
    };
    await expect(visit(identity, { overwrite: true })).rejects.toThrow('killed');
    bucket.onRequest = () => {};
    const after = await visit();
    expect(after).toMatchObject({ resumed: false });
    expect(after.notices[0]).toContain('an --overwrite was cut short here');
    expect(after.id).not.toBe(before.id);
    expect(await output.head('000000.tar')).toBeUndefined();
  });

  it('removes listed loose files, and the state of the other layout', async () => {
    const { bucket, output, visit } = setUp();
    await visit(looseIdentity);
    const state = bucket.store('out.flow-dc');
    await output.put('cat/1.jpg', '');
    await output.put('cat/mine.jpg', '');
    await state.put('000000.files', formatListedFile({ path: 'cat/1.jpg', bytes: 0, sha256: '' }));
    const [unit] = makeUnits(1);
    const record = recordOf(unit as never);
    const artifacts = [{ name: '000000.files', bytes: 1, sha256: '0'.repeat(64) }];
    await createStoreCommitter(state).commit({ ...record, artifacts });
    await visit(identity, { overwrite: true });
    expect(bucket.keys).toEqual(['out/.flow-dc/job.json', 'out/cat/mine.jpg']);
  });
});

describe('units that repair has marked in a store', () => {
  it('are taken back at the next opening: no record, no stats, not finished', async () => {
    const { output, state, visit, storeShard } = setUp();
    const { area } = await visit();
    const [wrong, right] = [await storeShard(0), await storeShard(1)];
    for (const name of ['_SUCCESS', '000000.stats.json', '000001.stats.json']) await output.put(name, '');
    await markStoreForRepair(area, [{ unit: wrong.unit, token: wrong.token }]);
    expect((await visit()).notices).toEqual(['1 unit is done again, as flow-dc repair asked']);
    const committer = createStoreCommitter(state);
    expect(await committer.record(wrong.unit)).toBeUndefined();
    expect(await committer.record(right.unit)).toBeDefined();
    expect(await output.head('_SUCCESS')).toBeUndefined();
    expect(await output.head('000000.stats.json')).toBeUndefined();
    expect(await output.head('000001.stats.json')).toBeDefined();
    expect((await visit()).notices).toEqual([]);
  });
});
