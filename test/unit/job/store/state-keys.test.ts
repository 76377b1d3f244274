import { expect, it } from 'vitest';
import { MOST_STATE_BYTES, readText } from '../../../../src/job/store/state-keys.ts';
import { MemoryBucket } from '../../../support/memory-store.ts';

it('refuses what is too long to be ours, and names it', async () => {
  const store = new MemoryBucket().store('a/.flow-dc');
  await store.put('lock', ' '.repeat(MOST_STATE_BYTES + 1));
  const refused = readText(store, 'lock');
  await expect(refused).rejects.toMatchObject({ code: 'FDC_ERR_DEST_IO' });
  await expect(refused).rejects.toThrow(/^s3:\/\/bucket\/a\/\.flow-dc\/lock is longer than 8388608 bytes.*delete it/);
});
