import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../../src/config/resolve.ts';
import type { JobInput } from '../../../src/run/job-input.ts';
import { StorePlace } from '../../../src/run/store-place.ts';
import { MemoryBucket } from '../../support/memory-store.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { identity } from '../job/fixtures/identity.ts';

function setUp() {
  const clock = new VirtualClock();
  const bucket = new MemoryBucket();
  bucket.nowMs = () => clock.wallMs();
  const config = resolveConfig({ input: ['m.csv'], output: 's3://bucket/a' }, 'download');
  const place = new StorePlace(config, bucket.store(`a-${process.pid}-${Math.random()}`), clock, []);
  const info = { roles: identity.columns, files: identity.inputs };
  const input = { info, adopt: async () => {}, stopLingering: () => {} } as unknown as JobInput;
  return { clock, bucket, place, input };
}

describe('a run in a store', () => {
  it('that ends because the store fails leaves no timer that would keep its process', async () => {
    const { clock, bucket, place, input } = setUp();
    await place.open(input, {});
    expect(clock.pending).toBeGreaterThan(0);
    bucket.onRequest = () => {
      throw new Error('no such bucket');
    };
    await place.close();
    expect(clock.pending).toBe(0);
  });

  it('does not wait for a store that says nothing any more', async () => {
    const { clock, bucket, place, input } = setUp();
    await place.open(input, {});
    let answer = (): void => {};
    bucket.onRequest = () =>
      new Promise<void>((resolve) => {
        answer = resolve;
      });
    const closed = place.close();
    await clock.advance(10_000);
    await closed;
    // As closing a store does: calls under way end.
    bucket.onRequest = () => Promise.reject(new Error('closed'));
    answer();
    await clock.advance(60_000);
    expect(clock.pending).toBe(0);
  });
});
