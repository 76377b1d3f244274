/** What lies on the server and was not written by flow-dc, or not by this version of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { subscribe } from '../../../src/telemetry/channels.ts';
import type { Cluster, ClusterChannel } from '../../../src/transport/cluster.ts';
import { connectionOf } from '../../../src/transport/nats/connect-cluster.ts';
import { encodeUnit } from '../../../src/transport/nats/units/unit-message.ts';
import { describeJob, jobId, joinCluster, keepsNothing, workToTheEnd } from '../../support/nats-jobs.ts';
import { describeNats, type NatsServer, startNatsServer } from '../../support/nats-server.ts';
import { makeUnits, recordOf } from '../../support/units.ts';

const UNITS = makeUnits(4);
const IDS = UNITS.map(({ id }) => id);
/** What is no unit and no record: nothing, text, numbers that are too large, a later version, bytes. */
const POISON: readonly (string | Uint8Array)[] = [
  '',
  'null',
  '[]',
  '{"unit":1e999,"rows":-1,"artifacts":"../../etc"}',
  JSON.stringify({ description: null, state: 'running', total: 1e15 }),
  `${'['.repeat(10_000)}`,
  Uint8Array.of(0x77, 1, 2, 3),
  Uint8Array.of(0x01),
  Uint8Array.of(0x10, 0xff, 0xfe),
  Uint8Array.from({ length: 300 }, (_, index) => (99 + index * 167) % 256),
];

describeNats('what somebody else wrote', () => {
  let server: NatsServer;
  let cluster: Cluster;
  beforeAll(async () => {
    server = await startNatsServer();
  });
  afterAll(async () => server.close());

  async function makeJob(): Promise<ClusterChannel> {
    cluster = await joinCluster(server.url);
    return cluster.createJob(jobId(), describeJob(), keepsNothing);
  }

  it('to the queue is refused, counted and gone, and the units are done all the same', async () => {
    const refused = listen();
    const job = await makeJob();
    const queue = jetstream(connectionOf(cluster));
    for (const [index, bytes] of POISON.entries()) {
      await queue.publish(`fd.${job.id}.u.poison-${index}`, bytes);
      await queue.publish(`fd.${job.id}.u.${IDS[0]}`, bytes);
    }
    for (const unit of UNITS) await job.publish(unit);
    await job.seal(UNITS.length);
    const worker = await (await joinCluster(server.url)).attachJob(job.id, keepsNothing);
    const working = workToTheEnd(worker);
    await until(() => refused.length >= 2 * POISON.length);
    // The last one is refused before the server knows.
    while ((await job.repair(IDS)).missing.length === 0) await sleep(20);
    await job.publish(UNITS[0] as (typeof UNITS)[number]);
    expect((await working).map(({ unit }) => unit).sort()).toEqual([...IDS].sort());
    expect(refused.join('\n')).toContain('names no unit');
  });

  it('under an encoding of a later version waits for a worker that knows it', async () => {
    const refused = listen();
    const job = await makeJob();
    const [first, second] = UNITS as [(typeof UNITS)[number], (typeof UNITS)[number]];
    await jetstream(connectionOf(cluster)).publish(`fd.${job.id}.u.${first.id}`, Uint8Array.of(0x02, 1));
    await job.publish(second);
    const worker = await (await joinCluster(server.url)).attachJob(job.id, keepsNothing);
    expect((await worker.next())?.unit.id).toBe(second.id);
    expect(refused).toEqual([expect.stringContaining('update flow-dc here')]);
    expect((await job.repair(IDS.slice(0, 2))).missing).toEqual([]);
  });

  it('in the place of a record decides nothing, and is taken away by whoever repairs the job', async () => {
    const refused = listen();
    const job = await makeJob();
    const done = await new Kvm(connectionOf(cluster)).open(`FD_${job.id}_done`);
    const [first] = UNITS as [(typeof UNITS)[number]];
    for (const unit of UNITS) await job.publish(unit);
    await job.seal(UNITS.length);
    await done.create(first.id, 'poison');
    await done.create('another-key', JSON.stringify(recordOf(first)));
    const [, second] = UNITS as [unknown, (typeof UNITS)[number]];
    await done.create(second.id, JSON.stringify({ ...recordOf(second), artifacts: recordOf(first).artifacts }));
    const worker = await (await joinCluster(server.url)).attachJob(job.id, keepsNothing);
    const working = workToTheEnd(worker);
    expect(await collect(job.records())).not.toContain(first.id);
    await until(() => refused.length >= 3);
    await job.repair(IDS);
    await working;
    expect((await collect(job.records())).sort()).toEqual([...IDS].sort());
    expect(await job.status()).toMatchObject({ state: 'sealed', committed: UNITS.length });
  });

  it('in the list of jobs, or as a job, keeps nobody from the others', async () => {
    const refused = listen();
    const job = await makeJob();
    const buckets = new Kvm(connectionOf(cluster));
    const jobs = await buckets.open('FD_jobs');
    const bad = await cluster.createJob(jobId(), describeJob(), keepsNothing);
    const state = await buckets.open(`FD_${bad.id}_state`);
    for (const [index, bytes] of POISON.entries()) await jobs.put(`poison-${index}`, bytes);
    await jobs.put(`${'long'.repeat(20)}`, '{}');
    for (const bytes of POISON) {
      await state.put('job', bytes);
      await state.put('w.somebody', bytes);
      await state.put(`att.${IDS[0]}`, bytes);
      const listed = [];
      for await (const { id } of cluster.jobs()) listed.push(id);
      expect(listed).toContain(job.id);
      expect(await bad.workers()).toEqual([]);
      await expect(cluster.attachJob(bad.id)).rejects.toMatchObject({ code: 'FDC_ERR_TRANSPORT_SERVER' });
    }
    expect(refused.length).toBeGreaterThan(0);
    const manager = await jetstreamManager(connectionOf(cluster));
    await manager.streams.delete('KV_FD_jobs');
  });

  it('is told by what it is: a unit of ours under the name of another is none', async () => {
    const refused = listen();
    const job = await makeJob();
    const [first, second] = UNITS as [(typeof UNITS)[number], (typeof UNITS)[number]];
    await jetstream(connectionOf(cluster)).publish(`fd.${job.id}.u.${first.id}`, await encodeUnit(second));
    const worker = await (await joinCluster(server.url)).attachJob(job.id, keepsNothing);
    await job.publish(second);
    expect((await worker.next())?.unit.id).toBe(second.id);
    expect(refused).toEqual([expect.stringContaining(`its shard is ${second.shard}`)]);
  });
});

/** What was refused from now on, a line each. */
function listen(): string[] {
  const lines: string[] = [];
  onTestFinished(subscribe('flow-dc:refused', ({ where, why }) => void lines.push(`${where} ${why}`)));
  return lines;
}

async function collect(records: AsyncIterable<{ readonly unit: string }>): Promise<string[]> {
  const units: string[] = [];
  for await (const { unit } of records) units.push(unit);
  return units;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(20);
}
