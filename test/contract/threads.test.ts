import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { createLocalCommitter } from '../../src/job/local-committer.ts';
import { UnitExchange } from '../../src/threads/unit-exchange.ts';
import { createInProcessChannel } from '../../src/transport/in-process/in-process-transport.ts';
import { serveChannel } from '../../src/transport/threads/serve-channel.ts';
import { ThreadChannel } from '../../src/transport/threads/thread-channel.ts';
import type { JobChannel } from '../../src/transport/transport.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { describeTransport } from './transport.ts';
import type { OpenedChannel } from './transport-harness.ts';

/** Records are real files and ports are real ports: real time is what they need to show up. */
const IO_MS = 25;

/** The planning half talks to the process's channel, the working half over a message port, as a thread does. */
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
  const { port1, port2 } = new MessageChannel();
  const exchange = new UnitExchange(own, new AbortController().signal);
  const served = serveChannel(exchange.join(), {
    post: (message, transfer) => port1.postMessage(message, [...(transfer ?? [])]),
  });
  const thread = new ThreadChannel({ post: (message, transfer) => port2.postMessage(message, [...(transfer ?? [])]) });
  port1.on('message', (message) => served.receive(message));
  port2.on('message', (message) => thread.receive(message));
  const dispose = async (): Promise<void> => {
    await own[Symbol.asyncDispose]();
    await setTimeout(IO_MS);
    thread.close();
    port1.close();
  };
  const channel: JobChannel = {
    publish: (unit, signal) => own.publish(unit, signal),
    seal: (total) => own.seal(total),
    next: (signal) => thread.next(signal),
    record: (unit) => thread.record(unit),
    commit: (record) => thread.commit(record),
    records: () => own.records(),
    status: () => own.status(),
    cancel: (reason) => own.cancel(reason),
    [Symbol.asyncDispose]: dispose,
  };
  return {
    channel,
    rolledForward,
    reopen: async () => {
      await dispose();
      return openOn(stateFolder, highWater);
    },
    loseLease: async (delivery) => own.expireLease(delivery.unit.id),
    nowMs: () => clock.nowMs(),
    pass: async (ms) => {
      await clock.advance(ms);
      await setTimeout(IO_MS);
    },
    close: async () => {
      await dispose();
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
