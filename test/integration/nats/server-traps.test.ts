/** What servers were measured to do, each as a test of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { afterEach, expect, it } from 'vitest';
import type { Unit } from '../../../src/record.ts';
import { connectionOf } from '../../../src/transport/nats/connect-cluster.ts';
import { FreezableClock } from '../../support/freezable-clock.ts';
import { describeJob, jobId, joinCluster, keepsNothing, workToTheEnd } from '../../support/nats-jobs.ts';
import { describeNats, type NatsServer, type NatsServerOptions, startNatsServer } from '../../support/nats-server.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import { makeUnit, makeUnits, recordOf } from '../../support/units.ts';

const ACK_WAIT_MS = 1_500;
let server: NatsServer | undefined;

async function start(options: NatsServerOptions = {}): Promise<NatsServer> {
  server = await startNatsServer(options);
  return server;
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('expected a value, got undefined');
  return value;
}

describeNats('a job, whatever its server does,', () => {
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  it('ends although a killed server brings acknowledged units back, and repair takes them out of the queue', async () => {
    const { url, kill, start: again } = bind(await start());
    const cluster = await joinCluster(url, { ackWaitMs: ACK_WAIT_MS });
    const channel = await cluster.createJob(jobId(), describeJob(), keepsNothing);
    const units = makeUnits(1001);
    await Promise.all(units.map((unit) => channel.publish(unit)));
    for (let taken = 0; taken < 1000; taken++) {
      const delivery = required(await channel.next());
      await channel.commit(recordOf(delivery.unit));
      await delivery.ack();
    }
    await kill();
    await again();
    await channel.seal(units.length);
    expect(await workToTheEnd(channel)).toHaveLength(1);
    await channel.repair(units.map((unit) => unit.id));
    const { state } = await (await jetstreamManager(connectionOf(cluster))).streams.info(`FD_${channel.id}_units`);
    expect(state.messages).toBe(0);
    expect(await channel.status()).toMatchObject({ state: 'sealed', committed: 1001 });
  });

  it('names exactly the unit whose message is gone, and takes it again within the duplicate window', async () => {
    const { url } = await start();
    const cluster = await joinCluster(url);
    const channel = await cluster.createJob(jobId(), describeJob(), keepsNothing);
    const units = makeUnits(10);
    for (const unit of units) await channel.publish(unit);
    await channel.seal(units.length);
    await (await jetstreamManager(connectionOf(cluster))).streams.deleteMessage(`FD_${channel.id}_units`, 4);
    const { missing } = await channel.repair(units.map((unit) => unit.id));
    expect(missing).toEqual([units[3]?.id]);
    await channel.publish(units[3] as Unit);
    expect(await workToTheEnd(channel)).toHaveLength(10);
  });

  it('is completed over a server that is away for longer than every time limit of the client', async () => {
    const { url, kill, start: again } = bind(await start());
    const [first, second] = [await joinCluster(url, { ackWaitMs: ACK_WAIT_MS }), await joinCluster(url)];
    const channel = await first.createJob(jobId(), describeJob(), keepsNothing);
    const other = await second.attachJob(channel.id, keepsNothing);
    const units = makeUnits(30);
    for (const unit of units) await channel.publish(unit);
    await channel.seal(units.length);
    const held = required(await channel.next());
    await kill();
    const committing = channel.commit(recordOf(held.unit));
    const working = workToTheEnd(other);
    await sleep(6_500);
    await again();
    expect((await committing).won).toBe(true);
    // Nobody else could have taken it meanwhile, so the work on it was not thrown away.
    expect(held.signal.aborted).toBe(false);
    await held.ack();
    const mine = await workToTheEnd(channel);
    expect((await working).length + mine.length).toBe(29);
  });

  it('takes a unit that is too large for a message through the object store', async () => {
    const { url } = await start({ config: 'max_payload: 32768' });
    const channel = await (await joinCluster(url)).createJob(jobId(), describeJob(), keepsNothing);
    const other = await (await joinCluster(url)).attachJob(channel.id, keepsNothing);
    const rows = Array.from({ length: 3_000 }, (_, row) => ({
      url: `https://h.example/${Math.random()}/${Math.random()}/${row}.jpg`,
    }));
    const unit = makeUnit(rows);
    await channel.publish(unit);
    await channel.seal(1);
    const delivery = required(await other.next());
    expect(delivery.unit.rows.toArray().map(String)).toEqual(unit.rows.toArray().map(String));
    await other.commit(recordOf(unit));
    await delivery.ack();
    await channel.finish();
    const streams = await (await jetstreamManager(connectionOf(await joinCluster(url)))).streams.names().next();
    expect(streams.filter((name) => name.includes('units') || name.startsWith('OBJ_'))).toEqual([]);
  });

  it('knows its own record when the answer to the commit was lost', async () => {
    const { port } = await start();
    const network = await TcpProxy.start(() => port);
    const cluster = await joinCluster(`nats://127.0.0.1:${network.port}`);
    const channel = await cluster.createJob(jobId(), describeJob(), keepsNothing);
    const direct = await (await joinCluster(`nats://127.0.0.1:${port}`)).attachJob(channel.id);
    const [unit] = makeUnits(1);
    const record = recordOf(required(unit));
    network.mute();
    const committing = channel.commit(record);
    while ((await direct.record(record.unit)) === undefined) await sleep(20);
    network.break();
    network.mend();
    expect(await committing).toEqual({ won: true, record });
    await network.close();
  });

  it('leaves a unit with its new holder when the old one acknowledges late', async () => {
    const { url } = await start();
    const clock = new FreezableClock();
    const old = await joinCluster(url, { ackWaitMs: ACK_WAIT_MS, clock });
    const channel = await old.createJob(jobId(), describeJob(), keepsNothing);
    const other = await (await joinCluster(url)).attachJob(channel.id, keepsNothing);
    await channel.publish(required(makeUnits(1)[0]));
    const late = required(await channel.next());
    clock.freeze();
    const holder = required(await other.next());
    clock.thaw();
    await expect.poll(() => late.signal.aborted).toBe(true);
    await late.ack();
    await late.fail(new Error('the lease was lost'));
    await holder.nak();
    expect(required(await other.next())).toMatchObject({ unit: { id: holder.unit.id }, errors: 0 });
  });

  // A read from a stream that is being made ended servers of 2.9.10; of 40 jobs made like this, one did.
  it('can be made while everybody asks for it, and the server outlives that', async () => {
    const { port } = await start();
    const url = `nats://127.0.0.1:${port}`;
    const [maker, ...askers] = await Promise.all(Array.from({ length: 4 }, () => joinCluster(url)));
    for (let made = 0; made < 80; made++) {
      const id = jobId();
      const asking = askers.map(async (asker) => {
        for (;;) {
          try {
            return await asker.attachJob(id);
          } catch (error) {
            if ((error as { code?: string }).code !== 'FDC_ERR_JOB_MISSING') throw error;
          }
        }
      });
      const channel = await required(maker).createJob(id, describeJob(), keepsNothing);
      for (const asked of await Promise.all(asking)) await asked[Symbol.asyncDispose]();
      await channel.destroy();
      await channel[Symbol.asyncDispose]();
    }
  });

  it('gives a unit up that came back twenty times without an error', async () => {
    const { url } = await start();
    const channel = await (await joinCluster(url)).createJob(jobId(), describeJob(), keepsNothing);
    await channel.publish(required(makeUnits(1)[0]));
    for (let back = 0; back < 20; back++) {
      const delivery = required(await channel.next());
      expect(delivery.errors).toBe(0);
      await delivery.nak();
    }
    expect(required(await channel.next()).errors).toBe(Number.POSITIVE_INFINITY);
  });
});

/** Methods that can be passed around. */
function bind(running: NatsServer): { url: string; kill: () => Promise<void>; start: () => Promise<void> } {
  return { url: running.url, kill: () => running.kill(), start: () => running.start() };
}
