import { expect, it } from 'vitest';
import { watchJob } from '../../../src/cluster/watch-job.ts';
import type { UnitId, UnitRecord } from '../../../src/record.ts';
import type { ClusterChannel } from '../../../src/transport/cluster.ts';
import { makeUnits, recordOf } from '../../support/units.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const [first, second] = makeUnits(2) as [ReturnType<typeof makeUnits>[number], ReturnType<typeof makeUnits>[number]];

/** A job on whose server something lies in the place of the second unit's record: it counts as one, and is none. */
function blockedJob() {
  let healed = (): void => {};
  const isHealed = new Promise<void>((resolve) => {
    healed = resolve;
  });
  const channel = {
    cancelled: new AbortController().signal,
    status: async () => ({ state: 'sealed', total: 2, committed: 2, published: 2, inFlight: 0, redelivered: 0 }),
    workers: async () => [],
    repair: async () => ({ missing: [second.id], requeued: 0, removed: 0 }),
    async *follow(): AsyncIterable<UnitRecord> {
      yield recordOf(first);
      await isHealed;
      yield recordOf(second);
    },
  } as unknown as ClusterChannel;
  return { channel, healed };
}

it('a job that is followed gets over something in the place of a record, without anybody doing anything', async () => {
  const clock = new VirtualClock();
  const { channel, healed } = blockedJob();
  const republished: UnitId[] = [];
  const watching = watchJob(channel, {
    clock,
    signal: new AbortController().signal,
    onRecord: () => {},
    expected: () => [first.id, second.id],
    republish: async (missing) => {
      republished.push(...missing);
      healed();
    },
    onNotice: () => {},
  });
  await clock.advance(30_000);
  expect(await watching).toBe(true);
  expect(republished).toEqual([second.id]);
});
