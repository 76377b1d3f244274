import { describe, expect, it } from 'vitest';
import { FlowDcError } from '../../../../src/errors.ts';
import { createStoreCommitter, recordKey } from '../../../../src/job/store/store-committer.ts';
import type { UnitRecord } from '../../../../src/record.ts';
import { MemoryBucket } from '../../../support/memory-store.ts';
import { makeUnit, makeUnits, recordOf } from '../../../support/units.ts';

const unit = makeUnit([{ url: 'https://h.example/1.jpg' }], { index: 12_345 });

async function unitsOf(records: AsyncIterable<UnitRecord>): Promise<string[]> {
  const units: string[] = [];
  for await (const record of records) units.push(record.unit);
  return units;
}

describe('a committer on a store', () => {
  it('keeps a record as one readable object per unit, in folders of a thousand', async () => {
    const bucket = new MemoryBucket();
    const record = recordOf(unit);
    expect(await createStoreCommitter(bucket.store()).commit(record)).toEqual({ won: true, created: true, record });
    expect(bucket.keys).toEqual([`a/units/012/${unit.id}.json`]);
    expect(await createStoreCommitter(bucket.store()).record(unit.id)).toEqual(record);
  });

  it('lets one of many win a unit, whatever machine they are on, and tells the others who did', async () => {
    const bucket = new MemoryBucket();
    const offered = Array.from({ length: 8 }, (_, at) => ({ ...recordOf(unit), token: `t${at}` }));
    const commits = await Promise.all(offered.map((record) => createStoreCommitter(bucket.store()).commit(record)));
    const winners = commits.filter(({ won }) => won);
    expect(winners).toHaveLength(1);
    expect(new Set(commits.map(({ record }) => record.token))).toEqual(new Set([winners[0]?.record.token]));
  });

  it('has won when an earlier try of the same attempt came through unnoticed', async () => {
    const committer = createStoreCommitter(new MemoryBucket().store());
    const record = recordOf(unit);
    await committer.commit(record);
    expect(await committer.commit(record)).toEqual({ won: true, created: false, record });
  });

  it('lists and counts every record, and nothing else that lies there', async () => {
    const bucket = new MemoryBucket();
    const committer = createStoreCommitter(bucket.store());
    const units = [...makeUnits(70), unit];
    for (const one of units) await committer.commit(recordOf(one));
    for (const key of ['units/notes.txt', `units/999/${unit.id}.json`, 'units/000/x.json'])
      await bucket.store().put(key, '');
    expect(await unitsOf(committer.records())).toEqual(units.map(({ id }) => id).sort());
    expect(await committer.count()).toBe(71);
  });

  it('names another unit that was recorded for the same shard', async () => {
    const committer = createStoreCommitter(new MemoryBucket().store());
    await committer.commit(recordOf(unit));
    const other = makeUnit([{ url: 'https://h.example/2.jpg' }], { index: 12_345 });
    expect(await committer.rivalOf(other.id)).toBe(unit.id);
    expect(await committer.rivalOf(unit.id)).toBeUndefined();
  });

  it.for(['', '{"unit":"012345-', '{"unit":1}'])('refuses what is no record (%j), or tells of it', async (text) => {
    const bucket = new MemoryBucket();
    await bucket.store().put(recordKey(unit.id), text);
    const committer = createStoreCommitter(bucket.store());
    await expect(committer.record(unit.id)).rejects.toMatchObject({ code: 'FDC_ERR_DEST_IO' });
    const damaged: string[] = [];
    for await (const _ of committer.records((id) => damaged.push(id)));
    expect(damaged).toEqual([unit.id]);
  });

  it('takes a store that does not answer for no damage of its records', async () => {
    const bucket = new MemoryBucket();
    await createStoreCommitter(bucket.store()).commit(recordOf(unit));
    bucket.onRequest = (what) => {
      if (what === 'read') throw new FlowDcError('FDC_ERR_DEST_IO', 'away');
    };
    const damaged: string[] = [];
    const reading = (async () => {
      for await (const _ of createStoreCommitter(bucket.store()).records((id) => damaged.push(id)));
    })();
    await expect(reading).rejects.toThrow('away');
    expect(damaged).toEqual([]);
  });

  it('decides nothing for a process that may not any more', async () => {
    const bucket = new MemoryBucket();
    const committer = createStoreCommitter(bucket.store(), async () => {
      throw new Error('taken over');
    });
    await expect(committer.commit(recordOf(unit))).rejects.toThrow('taken over');
    expect(bucket.keys).toEqual([]);
  });
});
