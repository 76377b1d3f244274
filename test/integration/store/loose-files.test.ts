import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { StoreDestination } from '../../../src/destination/store/store-destination.ts';
import { type FaultProxy, testFaultProxy } from '../../support/fault-proxy.ts';
import { describeS3, testS3Gateway } from '../../support/s3-gateway.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { keysOf, openTestStore } from './test-store.ts';

/** How many requests were under way at once, at most. */
function mostAtOnce(proxy: FaultProxy): () => number {
  let most = 0;
  let begun = 0;
  const before = proxy.seen.length;
  proxy.add({
    fault: { kind: 'delay', ms: 50 },
    when: () => {
      begun += 1;
      most = Math.max(most, begun - (proxy.seen.length - before));
      return true;
    },
  });
  return () => most;
}

describeS3('loose files', () => {
  it('are put and copied a few at a time, however many are there: nobody waits for a connection', async () => {
    const gateway = await testS3Gateway();
    const proxy = await testFaultProxy(() => gateway.port);
    const store = await openTestStore(gateway, 'data', { endpoint: proxy.url });
    const destination = new StoreDestination(store, { layout: 'files', localFolder: await tempFolder() });
    const content = Buffer.from('x');
    const sha256 = createHash('sha256').update(content).digest('hex');
    const most = mostAtOnce(proxy);
    const records = await Promise.all(
      ['000000', '000001'].map(async (shard) => {
        const staging = await destination.stage(`${shard}-00000000`, 'aa');
        const folder = await staging.createFolder(`${shard}.files`);
        const paths = Array.from({ length: 100 }, (_, index) => `${shard}/${index}.jpg`);
        await Promise.all(paths.map((path) => folder.add(path, [content], sha256)));
        const artifacts = [await folder.close()];
        const counts = { rows: 100, stored: 100, failed: 0, skipped: 0, bytes: 100 };
        const unit = `${shard}-00000000`;
        return { unit, token: 'aa', worker: 'w', ...counts, artifacts, errors: {}, committedAtMs: 0 };
      }),
    );
    await Promise.all(records.map((record) => destination.rollForward(record)));
    expect(most()).toBeLessThanOrEqual(40);
    proxy.clear();
    expect(await keysOf(store)).toHaveLength(200);
    expect(await keysOf(store.beside('.flow-dc'))).toEqual(['000000.files', '000001.files']);
  });
});
