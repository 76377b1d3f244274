import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { jetstreamManager } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { connectCluster, connectionOf } from '../../../src/transport/nats/connect-cluster.ts';
import { bundleChaosProgram, removeChaosProgram, startChaosProcess, takeAccount } from '../../support/chaos-cluster.ts';
import type { ChaosPlan } from '../../support/chaos-process.ts';
import { describeJob, jobId, joinCluster, keepsNothing, workToTheEnd } from '../../support/nats-jobs.ts';
import { describeNats, type NatsServer, type NatsServerOptions, startNatsServer } from '../../support/nats-server.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { createTestCa } from '../../support/test-ca.ts';
import { makeUnit, makeUnits, recordOf } from '../../support/units.ts';

const SUBMITTER = { user: 'submitter', password: 'geheim-submitter' };
const WORKER = { user: 'worker', password: 'geheim-worker', inboxPrefix: '_INBOX_w' };
const EXAMPLE = new URL('../../../examples/nats-server.conf', import.meta.url);

async function start(options: NatsServerOptions): Promise<NatsServer> {
  const server = await startNatsServer(options);
  onTestFinished(() => server.close());
  return server;
}

/** The documented configuration for one job. */
async function startForJob(job: string): Promise<NatsServer> {
  const text = (await readFile(EXAMPLE, 'utf8'))
    .replace(/^jetstream: enabled$/m, '')
    .replaceAll('FD_JOB_', `FD_${job}_`);
  return start({
    config: text.replace('$SUBMITTER_PASSWORD', SUBMITTER.password).replace('$WORKER_PASSWORD', WORKER.password),
  });
}

async function refusalOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return inspect(error, { depth: 12, showHidden: true, getters: true });
}

describeNats('a server with permissions', () => {
  beforeAll(bundleChaosProgram);
  afterAll(removeChaosProgram);

  it('completes a job with workers that have the documented permissions only', async () => {
    const job = jobId();
    const { url } = await startForJob(job);
    const out = await tempFolder();
    const plan: Omit<ChaosPlan, 'role'> = {
      url,
      job,
      out,
      units: 12,
      rowsPerUnit: 3,
      slots: 2,
      rowMs: 2,
      inboxPrefix: WORKER.inboxPrefix,
    };
    const as = ({ user, password }: { user: string; password: string }) => ({
      FLOW_DC_NATS_USER: user,
      FLOW_DC_NATS_PASSWORD: password,
    });
    const submit = startChaosProcess({ ...plan, role: 'submit' }, as(SUBMITTER));
    await submit.ended;
    const workers = [1, 2].map(() => startChaosProcess({ ...plan, role: 'work' }, as(WORKER)));
    for (const worker of workers) await worker.ended;
    const channel = await (await joinCluster(url, SUBMITTER)).attachJob(job);
    const records = [];
    for await (const record of channel.records()) records.push(record);
    expect(await takeAccount(out, records, 36)).toEqual({ twice: [], missing: [], wrongFiles: [] });
    const said = [submit, ...workers].map((child) => child.output()).join('');
    expect(said).not.toContain('geheim');
    expect([submit, ...workers].map((child) => child.child.exitCode)).toEqual([0, 0, 0]);
  });

  it('takes a large unit through the object store with the documented permissions', async () => {
    const job = jobId();
    const { url } = await startForJob(job);
    const submitter = await (await joinCluster(url, SUBMITTER)).createJob(job, describeJob(), keepsNothing);
    const rows = Array.from({ length: 9_000 }, (_, row) => ({
      url: `https://h.example/${row}/${Array.from({ length: 12 }, () => Math.random()).join('')}.jpg`,
    }));
    await submitter.publish(makeUnit(rows));
    const worker = await (await joinCluster(url, WORKER)).attachJob(job, keepsNothing);
    expect((await worker.next())?.unit.rows.numRows).toBe(9_000);
  });

  it('refuses workers everything else, at once and in one line', async () => {
    const job = jobId();
    const { url } = await startForJob(job);
    const submitter = await joinCluster(url, SUBMITTER);
    await submitter.createJob(job, describeJob());
    const other = await submitter.createJob(jobId(), describeJob());
    const worker = await joinCluster(url, WORKER);
    const channel = await worker.attachJob(job);
    const manager = await jetstreamManager(connectionOf(worker), { checkAPI: false, timeout: 2_000 });
    for (const forbidden of [
      worker.attachJob(other.id),
      worker.createJob(jobId(), describeJob()),
      channel.cancel('not mine'),
      channel.finish(),
    ]) {
      await expect(forbidden).rejects.toMatchObject({
        code: 'FDC_ERR_TRANSPORT_SERVER',
        message: expect.stringContaining('permissions of this user'),
      });
    }
    await expect(manager.streams.delete(`FD_${job}_units`)).rejects.toThrow(/permissions violation/i);
    expect((await submitter.attachJob(job)).cancelled.aborted).toBe(false);
  });

  it('keeps a hostile worker of the job from what others have decided, and from the job itself', async () => {
    const job = jobId();
    const { url } = await startForJob(job);
    const submitter = await joinCluster(url, SUBMITTER);
    const channel = await submitter.createJob(job, describeJob(), keepsNothing);
    const units = makeUnits(3);
    for (const unit of units) await channel.publish(unit);
    await channel.seal(3);
    const honest = recordOf(units[0] as (typeof units)[number]);
    await channel.commit(honest);
    const hostile = connectionOf(await joinCluster(url, WORKER));
    const all = headers();
    all.set('Nats-Rollup', 'all');
    const removed = headers();
    removed.set('KV-Operation', 'PURGE');
    removed.set('Nats-Rollup', 'sub');
    const forged = JSON.stringify({ ...honest, token: 'forged', stored: 0, failed: honest.rows, errors: { reset: 1 } });
    for (const [key, hdrs] of [
      ['w.anybody', all],
      [`att.${honest.unit}`, all],
      ['w.anybody', removed],
    ] as const)
      hostile.publish(`$KV.FD_${job}_state.${key}`, '', { headers: hdrs });
    for (const hdrs of [headers(), all, removed])
      hostile.publish(`$KV.FD_${job}_done.${honest.unit}`, forged, { headers: hdrs });
    hostile.publish(`$KV.FD_${job}_done.${units[1]?.id}`, 'no record');
    for (const subject of [`fd.${job}.u.${units[2]?.id}`, `$KV.FD_${job}_state.job`, `$KV.FD_jobs.${job}`])
      hostile.publish(subject, 'not allowed');
    await hostile.flush();
    expect(await channel.record(honest.unit)).toEqual(honest);
    expect(await channel.status()).toMatchObject({ state: 'running', total: 3 });
    await channel.repair();
    const worker = await (await joinCluster(url, WORKER)).attachJob(job, keepsNothing);
    expect((await workToTheEnd(worker)).map(({ unit }) => unit)).toEqual(units.slice(1).map(({ id }) => id));
    expect(await channel.status()).toMatchObject({ state: 'sealed', committed: 3 });
  });

  it('says no at once to wrong credentials, without repeating them', async () => {
    const { url } = await start({ config: 'authorization: { token: "geheim-token" }' });
    const startMs = performance.now();
    const wrong = connectCluster({ servers: [url], role: 'test', token: 'geheim-falsch' });
    await expect(wrong).rejects.toMatchObject({
      code: 'FDC_ERR_TRANSPORT_CONNECT',
      message: expect.stringContaining('refuses the connection'),
    });
    expect(performance.now() - startMs).toBeLessThan(5_000);
    expect(await refusalOf(wrong)).not.toContain('geheim');
    expect((await joinCluster(url, { token: 'geheim-token' })).server.url).toBe(url);
  });

  it('shows no secret in any error, with secrets in the credentials and in the rows', async () => {
    const job = jobId();
    const { url } = await startForJob(job);
    const cluster = await joinCluster(url, SUBMITTER);
    const channel = await cluster.createJob(job, describeJob());
    const unit = makeUnit([{ url: 'https://h.example/1.jpg?sig=geheim-signatur' }]);
    await channel.publish(unit);
    await channel.commit(recordOf(unit));
    const worker = await joinCluster(url, WORKER);
    const shown = [
      await refusalOf(channel.publish(unit)),
      await refusalOf(worker.attachJob(jobId())),
      await refusalOf(channel.next()),
      inspect(cluster, { depth: 12 }),
      inspect(channel, { depth: 12 }),
    ];
    await cluster[Symbol.asyncDispose]();
    shown.push(await refusalOf(channel.publish(unit)), await refusalOf(cluster.createJob(job, describeJob())));
    expect(shown.join('\n')).not.toContain('geheim');
  });

  it('speaks TLS with a certificate of its own authority, and with no other', async () => {
    const folder = await tempFolder();
    const { caPem, tls } = createTestCa();
    const file = (name: string): string => join(folder, name);
    await writeFile(file('ca.pem'), caPem);
    await writeFile(file('cert.pem'), String(tls.cert));
    await writeFile(file('key.pem'), String(tls.key));
    const { url } = await start({
      config: `tls: { cert_file: "${file('cert.pem')}", key_file: "${file('key.pem')}" }`,
    });
    expect((await joinCluster(url, { tls: { caFile: file('ca.pem') } })).server.notices).toEqual([]);
    await expect(connectCluster({ servers: [url], role: 'test' })).rejects.toMatchObject({
      code: 'FDC_ERR_TRANSPORT_CONNECT',
    });
    await expect(connectCluster({ servers: [url], role: 'test', tls: { caFile: file('nope.pem') } })).rejects.toThrow(
      'nope.pem',
    );
  });

  it('names what a server lacks', async () => {
    const { url } = await start({ jetStream: false });
    await expect(connectCluster({ servers: [url], role: 'test' })).rejects.toMatchObject({
      code: 'FDC_ERR_TRANSPORT_SERVER',
      message: expect.stringContaining('start nats-server with -js'),
    });
    await expect(
      connectCluster({ servers: ['127.0.0.1:1'], role: 'test', connectTimeoutMs: 700 }),
    ).rejects.toMatchObject({
      code: 'FDC_ERR_TRANSPORT_CONNECT',
      message: expect.stringContaining('within 1 s'),
    });
  });
});
