import { expect, it } from 'vitest';
import { StoreDestination } from '../../../src/destination/store/store-destination.ts';
import { probeKey } from '../../../src/store/probe-key.ts';
import { MemoryBucket } from '../../support/memory-store.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

it('sweeping a store removes what is ours and old, and leaves uploads and objects of others alone', async () => {
  const clock = new VirtualClock();
  const bucket = new MemoryBucket();
  bucket.nowMs = () => clock.wallMs();
  const store = bucket.store('a');
  await store.put('.flow-dc-probe-1', '');
  await store.put('.flow-dc/.flow-dc-probe-2', '');
  await clock.advance(700_000);
  await store.put('.flow-dc/.flow-dc-probe-3', '');
  // No process has so high a number on any system.
  await store.put(probeKey().replace(`-${process.pid}-`, '-9999999-'), '');
  const alive = probeKey();
  await store.put(alive, '');
  await store.put('theirs.txt', '');
  for (const key of ['000012.tar', '000013.stats.json', 'theirs.mp4', 'nested/000012.tar']) {
    const upload = store.upload(key);
    await upload.write([Buffer.from('x')]);
  }
  const destination = new StoreDestination(store, { localFolder: '/nowhere', clock });
  await destination.sweep(
    async () => false,
    async function* () {},
  );
  expect(bucket.keys).toEqual([`a/${alive}`, 'a/.flow-dc/.flow-dc-probe-3', 'a/theirs.txt']);
  expect([...bucket.uploads.values()].map(({ key }) => key)).toEqual(['a/theirs.mp4', 'a/nested/000012.tar']);
});
