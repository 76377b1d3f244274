import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';
import type { Cluster } from '../../src/transport/cluster.ts';
import { connectCluster } from '../../src/transport/nats/connect-cluster.ts';
import { FreezableClock } from '../support/freezable-clock.ts';
import { describeJob, jobId } from '../support/nats-jobs.ts';
import { describeNats, type NatsServer, startNatsServer } from '../support/nats-server.ts';
import { describeTransport } from './transport.ts';
import type { OpenedChannel } from './transport-harness.ts';

const LEASE_MS = 1_500;

async function openOn(server: NatsServer, job: string, highWater: number): Promise<OpenedChannel> {
  const clock = new FreezableClock();
  const cluster: Cluster = await connectCluster(
    { servers: [server.url], role: 'contract' },
    { ackWaitMs: LEASE_MS, clock },
  );
  const rolledForward: string[] = [];
  const rollForward = async ({ unit }: { unit: string }): Promise<void> => void rolledForward.push(unit);
  const channel = await cluster.createJob(job, describeJob(), { rollForward, highWater });
  return {
    channel,
    rolledForward,
    reopen: async () => {
      await cluster[Symbol.asyncDispose]();
      return openOn(server, job, highWater);
    },
    loseLease: async (delivery) => {
      clock.freeze();
      await sleep(1.4 * LEASE_MS);
      clock.thaw();
      if (!delivery.signal.aborted) throw new Error('the holder was not told');
    },
    nowMs: () => performance.now(),
    pass: async (ms) => void (await sleep(ms)),
    close: async () => cluster[Symbol.asyncDispose](),
  };
}

describeNats('with a server', () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await startNatsServer();
  });
  afterAll(async () => server.close());

  describeTransport('nats', {
    open: async ({ highWater }) => openOn(server, jobId(), highWater),
    leaseMs: LEASE_MS,
    quietMs: 300,
    toleranceMs: 50,
  });
});
