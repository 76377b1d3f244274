/**
 * What every transport promises, as tests. A harness opens channels on the form under test; the suite touches nothing
 * but JobChannel, so that it holds for one process and for a network alike.
 */
import { afterEach, describe } from 'vitest';
import type { OpenedChannel, TransportHarness } from './transport-harness.ts';
import { describeQueue, describeReturns } from './transport-queue.ts';
import { describeEnd, describeRecords } from './transport-records.ts';

/** Run the transport contract against one form. */
export function describeTransport(name: string, harness: TransportHarness): void {
  const opened: OpenedChannel[] = [];
  const open = async (highWater = 100): Promise<OpenedChannel> => {
    const one = await harness.open({ highWater });
    opened.push(one);
    return one;
  };
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close();
  });
  describe(`the ${name} channel, publishing and taking,`, () => describeQueue(harness, open));
  describe(`the ${name} channel, when a unit is handed back,`, () => describeReturns(harness, open));
  describe(`the ${name} channel, with its records,`, () => describeRecords(open));
  describe(`the ${name} channel, at the end of a job,`, () => describeEnd(harness, open));
}
