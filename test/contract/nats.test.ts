import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';
import type { Cluster } from '../../src/transport/cluster.ts';
import { connectCluster } from '../../src/transport/nats/connect-cluster.ts';
import type { JobChannel } from '../../src/transport/transport.ts';
import { FreezableClock } from '../support/freezable-clock.ts';
import { describeJob, jobId } from '../support/nats-jobs.ts';
import { describeNats, type NatsServer, startNatsServer } from '../support/nats-server.ts';
import { throughThread } from '../support/thread-line.ts';
import { describeTransport } from './transport.ts';
import type { OpenedChannel } from './transport-harness.ts';

const LEASE_MS = 1_500;

type Through = (channel: JobChannel) => JobChannel;

async function openOn(server: NatsServer, job: string, highWater: number, through: Through): Promise<OpenedChannel> {
  const clock = new FreezableClock();
  const cluster: Cluster = await connectCluster(
    { servers: [server.url], role: 'contract' },
    { ackWaitMs: LEASE_MS, clock },
  );
  const rolledForward: string[] = [];
  const rollForward = async ({ unit }: { unit: string }): Promise<void> => void rolledForward.push(unit);
  const channel = through(await cluster.createJob(job, describeJob(), { rollForward, highWater }));
  return {
    channel,
    rolledForward,
    reopen: async () => {
      await channel[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
      return openOn(server, job, highWater, through);
    },
    loseLease: async (delivery) => {
      clock.freeze();
      await sleep(1.4 * LEASE_MS);
      clock.thaw();
      // In a thread it is told by a message.
      for (let looks = 0; looks < 100 && !delivery.signal.aborted; looks++) await sleep(5);
      if (!delivery.signal.aborted) throw new Error('the holder was not told');
    },
    nowMs: () => performance.now(),
    pass: async (ms) => void (await sleep(ms)),
    close: async () => {
      await channel[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

describeNats('with a server', () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await startNatsServer();
  });
  afterAll(async () => server.close());

  const forms: Readonly<Record<string, Through>> = {
    nats: (channel) => channel,
    'nats, in a thread,': (channel) => throughThread(channel),
  };
  for (const [name, through] of Object.entries(forms))
    describeTransport(name, {
      open: async ({ highWater }) => openOn(server, jobId(), highWater, through),
      leaseMs: LEASE_MS,
      quietMs: 300,
      toleranceMs: 50,
    });
});
