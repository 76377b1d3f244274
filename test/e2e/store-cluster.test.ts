import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { said, type TrialOptions } from '../support/cluster-cli.ts';
import { essence, outcomesOf } from '../support/dataset.ts';
import { describeNats, type NatsServer, startNatsServer } from '../support/nats-server.ts';
import type { CliProcess } from '../support/run-cli.ts';
import { describeS3, testS3Gateway } from '../support/s3-gateway.ts';
import { clusterStoreTrial } from '../support/store-trial.ts';
import { createTestCa } from '../support/test-ca.ts';

const manifests = process.env.FLOW_DC_MANIFESTS;

async function jobOf(submit: CliProcess): Promise<string> {
  await said(submit, /^job (\S+) on /m);
  return /^job (\S+) on /m.exec(submit.stderr())?.[1] as string;
}

describeNats('a job of several processes into an object store', () => {
  describeS3('a job of several processes', () => {
    let server: NatsServer;
    beforeAll(async () => {
      server = await startNatsServer();
    });
    afterAll(async () => server.close());

    it.each<[string, TrialOptions, ...string[]]>([
      ['shards', { rows: 1000 }],
      ['loose files', { rows: 500 }, '--no-create-tar'],
      ['shards by two threads each', { rows: 1000, threads: 2 }],
    ])(
      'gives the %s of a local run, row by row, although one of three workers is killed',
      async (_name, more, ...flags) => {
        const trial = await clusterStoreTrial({ nats: server.url, ...more });
        const alone = trial.path('alone');
        expect((await trial.run('download', ...trial.flags, '-o', alone, ...flags)).code).toBe(0);
        const submit = trial.submit(trial.out, ...flags);
        const job = await jobOf(submit);
        const victim = trial.worker('--job', job);
        await said(victim, 'committed');
        const workers = [trial.worker('--job', job), trial.worker('--job', job)];
        await said(victim, /(committed[\s\S]*){2}/);
        victim.child.kill('SIGKILL');
        const done = await submit.done;
        expect(done.code, done.stderr).toBe(0);
        expect(done.stderr).toContain('done: ');
        for (const worker of workers) expect(await worker.done).toMatchObject({ code: 0, stdout: '' });
        const isLoose = flags.includes('--no-create-tar');
        const local = essence(await outcomesOf(isLoose ? `${alone}.flow-dc` : alone));
        expect(await trial.rows(isLoose ? 'data/pictures.flow-dc/' : undefined)).toEqual(local);
        await trial.expectClean();
        const report = JSON.parse((await trial.run('report', trial.out, '--json')).stdout);
        expect(report).toMatchObject({ gaps: [], complete: true });
        expect(report.outputs[0].runs).toHaveLength(1);
        const again = await trial.submit(trial.out, ...flags).done;
        expect(again.stderr).toContain('nothing to do');
        expect(again.code).toBe(0);
      },
    );

    it.skipIf(manifests === undefined)(
      'gives the rows of laion_10000.parquet that a local run gives, although one of three workers is killed',
      async () => {
        const { tls, caPem } = createTestCa();
        const manifest = join(manifests as string, 'laion_10000.parquet');
        const trial = await clusterStoreTrial({
          nats: server.url,
          manifest,
          shardSize: 500,
          latencyMs: 10,
          origin: { tls },
        });
        const flags = ['--ca-file', trial.path('ca.pem')];
        await writeFile(trial.path('ca.pem'), caPem);
        const alone = trial.path('alone');
        expect((await trial.run('download', ...trial.flags, '-o', alone, ...flags)).code).toBe(0);
        const submit = trial.submit(trial.out, ...flags);
        const job = await jobOf(submit);
        const workers = [1, 2, 3].map(() => trial.worker('--job', job));
        const victim = await Promise.race(workers.map((one) => said(one, 'committed', 120_000).then(() => one)));
        victim.child.kill('SIGKILL');
        const done = await submit.done;
        expect(done.code, done.stderr).toBe(0);
        for (const worker of workers) expect((await worker.done).code).toBe(worker === victim ? null : 0);
        expect(await trial.rows()).toEqual(essence(await outcomesOf(alone)));
        await trial.expectClean();
      },
    );

    it('is done by a store as well that neither creates atomically nor lists uploads', async () => {
      const trial = await clusterStoreTrial({ nats: server.url, rows: 600 }, 's3rver');
      const submit = trial.submit(trial.out);
      const job = await jobOf(submit);
      const workers = [trial.worker('--job', job), trial.worker('--job', job)];
      const done = await submit.done;
      expect(done.code, done.stderr).toBe(0);
      for (const worker of workers) expect(await worker.done).toMatchObject({ code: 0, stdout: '' });
      expect(await trial.rows()).toHaveLength(600);
      await trial.expectClean();
    });

    it('goes on with others when one has wrong credentials, which says so in one line and ends', async () => {
      const trial = await clusterStoreTrial({ nats: server.url, rows: 600 });
      const submit = trial.submit(trial.out);
      const job = await jobOf(submit);
      const secret = 'wrong-and-still-nobodys-business';
      const stranger = trial.start(['worker', server.url, '--job', job], { env: { AWS_SECRET_ACCESS_KEY: secret } });
      const refused = await stranger.done;
      expect(refused.code).toBe(2);
      expect(refused.stderr.match(/^flow-dc: .*$/gm)).toHaveLength(1);
      expect(refused.stderr).toMatch(/FDC_ERR_DEST_UNWRITABLE/);
      expect(refused.stderr).not.toContain(secret);
      const worker = trial.worker('--job', job);
      expect((await submit.done).code).toBe(0);
      expect((await worker.done).code).toBe(0);
      await trial.expectClean();
    });

    it('keeps a worker away that reaches another store of the same name', async () => {
      const trial = await clusterStoreTrial({ nats: server.url, rows: 300 });
      const submit = trial.submit(trial.out);
      const job = await jobOf(submit);
      const other = await testS3Gateway('versitygw');
      const env = { ...other.env(), TMPDIR: trial.temporary };
      const lost = await trial.start(['worker', server.url, '--job', job], { env }).done;
      expect(lost.code).toBe(2);
      expect(lost.stderr).toContain('holds no flow-dc job');
      expect(await other.objects()).toEqual([]);
      const worker = trial.worker('--job', job);
      expect((await submit.done).code).toBe(0);
      expect((await worker.done).code).toBe(0);
    });

    it('is repaired from the store alone, and taken over by a download when nobody asks its server any more', async () => {
      const trial = await clusterStoreTrial({ nats: server.url, rows: 600 });
      const { out } = trial;
      const submit = trial.submit(out, '--job', 'lossy-store');
      await said(submit, 'units are published');
      submit.child.kill('SIGINT');
      await submit.done;
      await loseUnits(server.url, 'FD_lossy-store_units', 2);
      const repair = async () =>
        JSON.parse((await trial.run('repair', 'lossy-store', '--nats', server.url, '--json')).stdout);
      expect(await repair()).toMatchObject({ republished: 2 });
      expect(await repair()).toMatchObject({ missing: [], republished: 0 });
      const worker = trial.worker('--job', 'lossy-store');
      await said(worker, 'committed');
      worker.child.kill('SIGKILL');
      await worker.done;
      const download = await trial.run('resume', out, '--take-over');
      expect(download.code, download.stderr).toBe(0);
      expect(await trial.rows()).toHaveLength(600);
      expect(await trial.gateway.openUploads()).toEqual([]);
      expect(await trial.run('verify', out)).toMatchObject({ code: 0, stdout: '' });
    });

    it('can be left, cancelled and finished by a download, and keeps no secret anywhere', async () => {
      const trial = await clusterStoreTrial({ nats: server.url, rows: 900, latencyMs: 60 });
      const { out, env } = trial;
      const submit = trial.submit(out, '--job', 'to-store');
      const worker = trial.worker('--job', 'to-store');
      await said(worker, 'committed');
      submit.child.kill('SIGINT');
      expect((await submit.done).code).toBe(130);
      const refused = await trial.run('resume', out);
      expect(refused.code).toBe(2);
      expect(refused.stderr).toContain('flow-dc cancel to-store');
      const looked = await trial.run('verify', out);
      expect(looked.code).toBe(3);
      expect(looked.stderr).toContain('workers of job to-store write to it');
      expect((await trial.run('status', 'to-store', '--nats', server.url)).stdout).toContain(`output   ${out}`);
      const cancel = await trial.run('cancel', 'to-store', '--nats', server.url);
      expect(cancel.stderr).toContain(`cancelled; ${out} is free`);
      expect((await worker.done).code).toBe(0);
      expect(await trial.gateway.openUploads()).toEqual([]);
      const download = await trial.run('resume', out);
      expect(download.code, download.stderr).toBe(0);
      expect(download.stderr).toContain('settled already');
      await trial.expectClean();
      const texts = [submit, worker].map((one) => `${one.stderr()}${one.stdout()}`);
      for (const { key } of await trial.gateway.objects())
        if (key.endsWith('.json') || key.endsWith('.jsonl') || key.endsWith('.md'))
          texts.push((await trial.gateway.read(key)).toString());
      texts.push((await readFile(trial.manifest)).toString());
      for (const text of texts) expect(text).not.toContain(env.AWS_SECRET_ACCESS_KEY);
    });
  });
});

describeNats('a server of our own for a job into an object store', () => {
  describeS3('a server of our own', () => {
    it('keeps everything on this machine, nothing of it in the bucket, and is gone at the end', async () => {
      const trial = await clusterStoreTrial({ rows: 400, latencyMs: 40 });
      const submit = trial.submit(trial.out, '--port-number', '0');
      await said(submit, 'workers join with');
      const join = /workers join with: flow-dc worker --join (\S+)/.exec(submit.stderr())?.[1] as string;
      expect(join.startsWith(trial.temporary)).toBe(true);
      const { token } = JSON.parse(await readFile(join, 'utf8')) as { token: string };
      const worker = trial.worker('--join', join);
      await said(worker, 'committed');
      expect((await submit.done).code).toBe(0);
      expect((await worker.done).code).toBe(0);
      await trial.expectClean();
      const keys = (await trial.gateway.objects()).map(({ key }) => key);
      expect(keys.filter((key) => /worker\.json|nats/.test(key))).toEqual([]);
      for (const key of keys) expect((await trial.gateway.read(key)).includes(token)).toBe(false);
    });
  });
});

async function loseUnits(url: string, stream: string, count: number): Promise<void> {
  const connection = await connect({ servers: url });
  const manager = await jetstreamManager(connection);
  const { state } = await manager.streams.info(stream);
  for (let n = 0; n < count; n += 1) await manager.streams.deleteMessage(stream, state.first_seq + 1 + n);
  await connection.close();
}
