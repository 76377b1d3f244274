/** Jobs that no other test has. */
import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { UnitRecord } from '../../src/record.ts';
import type { Cluster, ClusterChannel, JobDescription } from '../../src/transport/cluster.ts';
import { type ClusterInternals, connectCluster } from '../../src/transport/nats/connect-cluster.ts';
import type { NatsOptions } from '../../src/transport/nats/connection/nats-options.ts';
import { recordOf } from './units.ts';

/** A name that no other test on the same server has. */
export function jobId(): string {
  return `t-${randomBytes(6).toString('hex')}`;
}

export function describeJob(changes: Partial<JobDescription> = {}): JobDescription {
  return {
    folderId: 'folder-1',
    out: '/data/out',
    settings: {},
    version: '0.0.0',
    createdAtMs: Date.UTC(2026, 0, 1),
    ...changes,
  };
}

/** A connection as another machine has it; closed with the test. */
export async function joinCluster(
  url: string,
  options: Partial<NatsOptions> & ClusterInternals = {},
): Promise<Cluster> {
  const { ackWaitMs, clock, ...rest } = options;
  const nats = { servers: [url], role: 'test', connectTimeoutMs: 10_000, ...rest };
  const cluster = await connectCluster(nats, { ackWaitMs, clock });
  onTestFinished(() => cluster[Symbol.asyncDispose]());
  return cluster;
}

/** Rolling forward is the destination's business: most tests have none. */
export const keepsNothing = { rollForward: async (): Promise<void> => {} };

/** Take units and commit them until the job is over. @returns the records in the order of their commits */
export async function workToTheEnd(channel: ClusterChannel): Promise<UnitRecord[]> {
  const records: UnitRecord[] = [];
  for (let delivery = await channel.next(); delivery !== undefined; delivery = await channel.next()) {
    const record = recordOf(delivery.unit);
    if ((await channel.commit(record)).won) records.push(record);
    await delivery.ack();
  }
  return records;
}
