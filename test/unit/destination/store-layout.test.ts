import { expect, it } from 'vitest';
import { storeArea } from '../../../src/destination/store/store-layout.ts';
import { MemoryBucket } from '../../support/memory-store.ts';

it('keeps the state of shards in the bucket that they have for themselves', () => {
  const { output, state } = storeArea(new MemoryBucket().store(''), 'shards');
  expect([output.name, state.name]).toEqual(['s3://bucket', 's3://bucket/.flow-dc']);
});

it('refuses loose files without a prefix, beside which their job would lie, and says what to give', () => {
  const refused = () => storeArea(new MemoryBucket().store(''), 'files');
  expect(refused).toThrow(expect.objectContaining({ code: 'FDC_ERR_CONFIG_INVALID' }));
  expect(refused).toThrow('s3://bucket: loose files have their job beside them, got a whole bucket; give a prefix');
});
