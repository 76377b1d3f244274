import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createLocalCommitter } from '../../src/job/local-committer.ts';
import { createInProcessChannel } from '../../src/transport/in-process/in-process-transport.ts';
import { IO_MS, throughThread } from '../support/thread-line.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { describeTransport } from './transport.ts';
import type { OpenedChannel } from './transport-harness.ts';

function openOn(stateFolder: string, highWater: number): OpenedChannel {
  const clock = new VirtualClock();
  const rolledForward: string[] = [];
  const own = createInProcessChannel({
    committer: createLocalCommitter(stateFolder),
    clock,
    highWater,
    rollForward: async (record) => {
      rolledForward.push(record.unit);
    },
  });
  const channel = throughThread(own);
  return {
    channel,
    rolledForward,
    reopen: async () => {
      await channel[Symbol.asyncDispose]();
      return openOn(stateFolder, highWater);
    },
    loseLease: async (delivery) => own.expireLease(delivery.unit.id),
    nowMs: () => clock.nowMs(),
    pass: async (ms) => {
      await clock.advance(ms);
      await setTimeout(IO_MS);
    },
    close: async () => {
      await channel[Symbol.asyncDispose]();
      await rm(stateFolder, { recursive: true, force: true });
    },
  };
}

describeTransport('threads', {
  open: async ({ highWater }) => openOn(await mkdtemp(join(tmpdir(), 'flow-dc-contract-')), highWater),
  leaseMs: 30_000,
  quietMs: 200,
  toleranceMs: 50,
});
