import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { WorkerStatus } from '../../../src/transport/cluster.ts';
import { connectionOf } from '../../../src/transport/nats/connect-cluster.ts';
import { describeJob, jobId, joinCluster, keepsNothing, workToTheEnd } from '../../support/nats-jobs.ts';
import { describeNats, type NatsServer, startNatsServer } from '../../support/nats-server.ts';
import { makeUnits, recordOf } from '../../support/units.ts';

describeNats('jobs on a server', () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await startNatsServer();
  });
  afterAll(async () => server.close());

  it('are made once and joined by everybody with the same output folder', async () => {
    const [one, two] = [await joinCluster(server.url), await joinCluster(server.url)];
    const id = jobId();
    await one.createJob(id, describeJob());
    expect((await two.createJob(id, describeJob({ version: '9' }))).description.version).toBe('0.0.0');
    await expect(two.createJob(id, describeJob({ folderId: 'other', out: '/data/other' }))).rejects.toMatchObject({
      code: 'FDC_ERR_JOB_MISMATCH',
    });
    await expect(two.attachJob(jobId())).rejects.toMatchObject({ code: 'FDC_ERR_JOB_MISSING' });
    await expect(two.attachJob('a.b')).rejects.toMatchObject({ code: 'FDC_ERR_USAGE' });
  });

  it('do not see each other', async () => {
    const cluster = await joinCluster(server.url);
    const [one, two] = [
      await cluster.createJob(jobId(), describeJob(), keepsNothing),
      await cluster.createJob(jobId(), describeJob({ folderId: 'two' }), keepsNothing),
    ];
    for (const unit of makeUnits(6)) await one.publish(unit);
    for (const unit of makeUnits(4, 3)) await two.publish(unit);
    await one.seal(6);
    await two.seal(4);
    const [first, second] = await Promise.all([workToTheEnd(one), workToTheEnd(two)]);
    expect([first.length, second.length]).toEqual([6, 4]);
    expect(second.every((record) => record.rows === 3)).toBe(true);
    await one.cancel('only this one');
    expect((await two.status()).state).toBe('sealed');
  });

  it('are cancelled for everybody within a second, and resumed by making them again', async () => {
    const [one, two] = [await joinCluster(server.url), await joinCluster(server.url)];
    const submitter = await one.createJob(jobId(), describeJob(), keepsNothing);
    const worker = await two.attachJob(submitter.id, keepsNothing);
    const units = makeUnits(5);
    for (const unit of units) await submitter.publish(unit);
    await submitter.seal(5);
    const done = await worker.next();
    if (done !== undefined) await worker.commit(recordOf(done.unit));
    await done?.ack();
    const held = await worker.next();
    const startMs = performance.now();
    await submitter.cancel('changed my mind');
    while (held?.signal.aborted === false && performance.now() - startMs < 5_000) await sleep(5);
    expect(performance.now() - startMs).toBeLessThan(1_000);
    expect(worker.cancelled.aborted).toBe(true);
    expect(await worker.next()).toBeUndefined();
    // At once: the server still knows the ids of the messages that the cancel took away.
    const again = await two.createJob(submitter.id, describeJob({ version: '2' }), keepsNothing);
    for (const unit of units) await again.publish(unit);
    await again.seal(5);
    expect(await workToTheEnd(again)).toHaveLength(4);
    expect(again.description.version).toBe('2');
  });

  it('end for a worker that is told of the cancel while it asks how far they are', async () => {
    const [one, two] = [await joinCluster(server.url), await joinCluster(server.url)];
    const submitter = await one.createJob(jobId(), describeJob(), keepsNothing);
    const worker = await two.attachJob(submitter.id, keepsNothing);
    for (const unit of makeUnits(2)) await submitter.publish(unit);
    await worker.next();
    await worker.next();
    await submitter.seal(2);
    while ((await worker.status()).total === undefined) await sleep(5);
    // A slow way to the server: the question is under way while its answer has become another one.
    const connection = connectionOf(two);
    const request = connection.request.bind(connection);
    connection.request = async (...args) => {
      if (/STREAM\.INFO\.KV_.*_done/.test(args[0])) await sleep(300);
      return request(...args);
    };
    const next = worker.next();
    await submitter.cancel('changed my mind');
    expect(await Promise.race([next, sleep(5_000, 'nobody told it')])).toBeUndefined();
  });

  it('are followed from anywhere, those records first that were there before', async () => {
    const worker = await (await joinCluster(server.url)).createJob(jobId(), describeJob(), keepsNothing);
    const watcher = await (await joinCluster(server.url)).attachJob(worker.id);
    const units = makeUnits(6);
    for (const unit of units) await worker.publish(unit);
    await worker.commit(recordOf(units[0] ?? fail()));
    const seen: string[] = [];
    const following = (async () => {
      for await (const { unit, rows } of watcher.follow(new AbortController().signal)) seen.push(`${unit} ${rows}`);
    })();
    await worker.seal(6);
    await workToTheEnd(worker);
    await following;
    expect(seen.sort()).toEqual(units.map((unit) => `${unit.id} 2`));
    const stop = new AbortController();
    stop.abort();
    for await (const record of watcher.follow(stop.signal))
      throw new Error(`expected nothing after the signal, got ${record.unit}`);
  });

  it('show their workers, each with its last word', async () => {
    const channel = await (await joinCluster(server.url)).createJob(jobId(), describeJob());
    expect(await channel.workers()).toEqual([]);
    for (const rowsDone of [1, 2]) channel.heartbeat(aWorker('ab.c:1', rowsDone));
    channel.heartbeat(aWorker('w2', 7));
    await sleep(50);
    expect((await channel.workers()).map(({ worker, rowsDone }) => [worker, rowsDone]).sort()).toEqual([
      ['ab.c:1', 2],
      ['w2', 7],
    ]);
  });

  it('are listed with their state, and gone after they were deleted', async () => {
    const cluster = await joinCluster(server.url);
    const channel = await cluster.createJob(jobId(), describeJob(), keepsNothing);
    const stateOf = async (): Promise<string | undefined> => {
      for await (const { id, state } of cluster.jobs()) if (id === channel.id) return state;
      return undefined;
    };
    expect(await stateOf()).toBe('publishing');
    for (const unit of makeUnits(2)) await channel.publish(unit);
    await channel.seal(2);
    expect(await stateOf()).toBe('running');
    await workToTheEnd(channel);
    expect(await stateOf()).toBe('sealed');
    await channel.finish();
    expect(await stateOf()).toBe('sealed');
    expect(await channel.status()).toMatchObject({ state: 'sealed', total: 2, committed: 2, inFlight: 0 });
    expect(await channel.next()).toBeUndefined();
    await channel.destroy();
    expect(await stateOf()).toBeUndefined();
    await expect(cluster.attachJob(channel.id)).rejects.toMatchObject({ code: 'FDC_ERR_JOB_MISSING' });
  });

  it('hand a unit to another worker at once when its holder closes', async () => {
    const [one, two] = [await joinCluster(server.url), await joinCluster(server.url)];
    const holder = await one.createJob(jobId(), describeJob(), keepsNothing);
    for (const unit of makeUnits(1)) await holder.publish(unit);
    await holder.next();
    const waiting = (await two.attachJob(holder.id, keepsNothing)).next();
    await sleep(50);
    const startMs = performance.now();
    await one[Symbol.asyncDispose]();
    expect((await waiting)?.attempt).toBe(2);
    expect(performance.now() - startMs).toBeLessThan(1_000);
  });

  it('end at other workers when one of them finishes the job', async () => {
    const [one, two] = [await joinCluster(server.url), await joinCluster(server.url)];
    const submitter = await one.createJob(jobId(), describeJob(), keepsNothing);
    const idle = (await two.attachJob(submitter.id, keepsNothing)).next();
    await submitter.finish();
    expect(await idle).toBeUndefined();
  });
});

function fail(): never {
  throw new Error('expected a unit');
}

function aWorker(worker: string, rowsDone: number): WorkerStatus {
  const counts = { rowsDone, bytes: 0, rowsPerSecond: 1, inFlight: 0, queued: 0 };
  return { worker, name: `${worker} name`, atMs: Date.now(), state: 'working', units: [], ...counts, hosts: [] };
}
