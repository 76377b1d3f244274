import { mkdir } from 'node:fs/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clusterTrial, said } from '../support/cluster-cli.ts';
import { essence, outcomesOf } from '../support/dataset.ts';
import { describeNats, type NatsServer, startNatsServer } from '../support/nats-server.ts';
import { type CliProcess, runCli } from '../support/run-cli.ts';

describeNats('a job of several processes', () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await startNatsServer();
  });
  afterAll(async () => server.close());

  it('gives what a download gives, row by row, although one of three workers is killed', async () => {
    const trial = await clusterTrial({ nats: server.url, rows: 1000 });
    const [alone, together] = [trial.path('alone'), trial.path('together')];
    expect((await runCli(['download', ...trial.flags, '-o', alone])).code).toBe(0);

    const submit = trial.submit(together);
    const job = await jobOf(submit);
    const victim = trial.worker('--job', job);
    await said(victim, 'committed');
    const workers = [trial.worker('--job', job), trial.worker('--job', job)];
    await said(victim, /(committed[\s\S]*){3}/);
    victim.child.kill('SIGKILL');
    const done = await submit.done;
    expect(done.stderr).toContain('done: ');
    expect(done.code).toBe(0);
    for (const worker of workers) expect(await worker.done).toMatchObject({ code: 0, stdout: '' });

    expect(essence(await outcomesOf(together))).toEqual(essence(await outcomesOf(alone)));
    expect(await runCli(['verify', together])).toMatchObject({ code: 0, stdout: '' });
    const report = JSON.parse((await runCli(['report', together, '--json'])).stdout);
    expect(report.outputs[0].runs).toHaveLength(1);
    const again = await trial.submit(together).done;
    expect(again).toMatchObject({ code: 0 });
    expect(again.stderr).toContain('nothing to do');
  });

  it('has a report that draws requests and hosts of its workers over time', async () => {
    // Workers tell once a second what they do, so the job lasts several.
    const trial = await clusterTrial({ nats: server.url, rows: 600, latencyMs: 250 });
    const out = trial.path('out');
    const submit = trial.submit(out);
    const worker = trial.worker('--job', await jobOf(submit));
    expect((await submit.done).code).toBe(0);
    expect((await worker.done).code).toBe(0);
    const { plots } = JSON.parse((await runCli(['report', out, '--json'])).stdout);
    expect(plots.runs[0].hosts.length).toBeGreaterThan(0);
    expect(Math.max(...plots.runs[0].inFlight)).toBeGreaterThan(8);
  });

  it('goes on while its submitter is killed, comes back, leaves at Ctrl-C, and comes back again', async () => {
    const trial = await clusterTrial({ nats: server.url, rows: 900, latencyMs: 60 });
    const out = trial.path('out');
    const killed = trial.submit(out, '--job', 'killed-submitter');
    const worker = trial.worker('--job', 'killed-submitter');
    await said(worker, 'committed');
    killed.child.kill('SIGKILL');
    await killed.done;

    const left = trial.submit(out);
    await said(left, 'back at a job that is under way');
    left.child.kill('SIGINT');
    const result = await left.done;
    expect(result.code).toBe(130);
    expect(result.stderr).toContain('left job killed-submitter: its workers go on');

    const refused = await runCli(['resume', out]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('flow-dc cancel killed-submitter');
    expect((await trial.submit(out).done).code).toBe(0);
    expect((await worker.done).code).toBe(0);
    expect(await runCli(['verify', out])).toMatchObject({ code: 0, stdout: '' });
  });

  it('can be cancelled from anywhere, and a download and workers finish what the other began', async () => {
    const trial = await clusterTrial({ nats: server.url, rows: 900, latencyMs: 60 });
    const out = trial.path('out');
    const submit = trial.submit(out, '--job', 'cancelled');
    const worker = trial.worker('--job', 'cancelled');
    await said(worker, 'committed');
    const cancel = await runCli(['cancel', 'cancelled', '--nats', server.url]);
    expect(cancel.code).toBe(0);
    const ended = await submit.done;
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('FDC_ERR_JOB_CANCELLED');
    expect((await worker.done).code).toBe(0);

    const resumed = trial.submit(out, '--job', 'cancelled');
    await said(resumed, 'settled already');
    const second = trial.worker('--job', 'cancelled');
    await said(second, 'committed');
    resumed.child.kill('SIGINT');
    await resumed.done;
    expect((await runCli(['cancel', 'cancelled', '--nats', server.url])).stderr).toContain('is free');

    const download = trial.start(['resume', out]);
    await said(download, 'settled already');
    download.child.kill('SIGINT');
    expect((await download.done).code).toBe(130);
    const last = trial.submit(out, '--job', 'cancelled');
    const third = trial.worker('--job', 'cancelled');
    expect((await last.done).code).toBe(0);
    expect(await third.done).toMatchObject({ code: 0, stdout: '' });
    expect(await runCli(['verify', out])).toMatchObject({ code: 0, stdout: '' });
  });

  it('shares its workers with another one, the older first, and each has its own rows in its own folder', async () => {
    const trial = await clusterTrial({ nats: server.url, rows: 600 });
    const outs = [trial.path('first'), trial.path('second')] as const;
    const submits = [
      trial.submit(outs[0], '--job', 'first'),
      trial.submit(outs[1], '--job', 'second', '--limit', '300'),
    ];
    for (const submit of submits) await said(submit, 'units are published');
    const listed = await runCli(['jobs', '--nats', server.url]);
    expect(listed.stdout).toMatch(/^first +running .*first$/m);
    expect(listed.stdout).toMatch(/^second +running .*second$/m);
    const workers = [trial.worker('--idle-timeout', '10'), trial.worker('--job', 'second')];
    for (const submit of submits) expect((await submit.done).code).toBe(0);
    for (const worker of workers) expect((await worker.done).code).toBe(0);
    expect(await outcomesOf(outs[0])).toHaveLength(600);
    expect(await outcomesOf(outs[1])).toHaveLength(300);
    const status = await runCli(['status', 'second', '--nats', server.url, '--json']);
    expect(JSON.parse(status.stdout)).toMatchObject({
      job: 'second',
      state: 'sealed',
      rows: { settled: 300 },
      workers: [],
    });
    const jobs = await runCli(['jobs', '--nats', server.url]);
    expect(jobs.stdout).toMatch(/^second +sealed /m);
    const cancel = await runCli(['cancel', 'second', '--nats', server.url]);
    expect(cancel).toMatchObject({ code: 0, stderr: expect.stringMatching(/^nothing to cancel: .*sealed/) });
    expect(await runCli(['verify', outs[1]])).toMatchObject({ code: 0, stdout: '' });
  });

  it('is repaired from its folder alone: exactly the units that the server has lost are published again', async () => {
    const trial = await clusterTrial({ nats: server.url, rows: 600 });
    const out = trial.path('out');
    const submit = trial.submit(out, '--job', 'lossy');
    await said(submit, 'units are published');
    submit.child.kill('SIGINT');
    await submit.done;
    await loseUnits('FD_lossy_units', 2);
    const repair = async () => JSON.parse((await runCli(['repair', 'lossy', '--nats', server.url, '--json'])).stdout);
    const repaired = await repair();
    expect(repaired).toMatchObject({ republished: 2 });
    expect(repaired.missing).toHaveLength(2);
    expect(await repair()).toMatchObject({ missing: [], republished: 0 });
    const worker = trial.worker('--job', 'lossy');
    expect((await trial.submit(out).done).code).toBe(0);
    expect((await worker.done).code).toBe(0);
    expect(await outcomesOf(out)).toHaveLength(600);
  });

  it('keeps a worker away from a folder that is not the job’s own, and hands back what SIGTERM leaves unfinished', async () => {
    const trial = await clusterTrial({ nats: server.url, rows: 1000, latencyMs: 80 });
    const out = trial.path('out');
    const submit = trial.submit(out, '--job', 'drained');
    await said(submit, 'published');
    const unmounted = trial.path('unmounted');
    await mkdir(unmounted);
    const astray = await trial.worker('--job', 'drained', '--out', unmounted).done;
    expect(astray.code).toBe(2);
    expect(astray.stderr).toContain('holds no flow-dc job');
    const waiting = trial.worker('--out', unmounted, '--idle-timeout', '3');
    await said(waiting, 'job drained: kept away from it');

    const leaver = trial.worker('--job', 'drained', '--drain-sec', '0.2');
    await said(leaver, 'committed');
    leaver.child.kill('SIGTERM');
    const left = await leaver.done;
    expect(left.code).toBe(0);
    expect(left.stderr).toMatch(/job drained: left, \d unfinished units? handed back/);
    expect(await waiting.done).toMatchObject({ code: 0 });
    const finisher = trial.worker('--job', 'drained');
    expect((await submit.done).code).toBe(0);
    expect((await finisher.done).code).toBe(0);
    expect(await runCli(['verify', out])).toMatchObject({ code: 0, stdout: '' });
  });

  /** Take messages out of a job's queue, as a server does that loses them. */
  async function loseUnits(stream: string, count: number): Promise<void> {
    const connection = await connect({ servers: server.url });
    const manager = await jetstreamManager(connection);
    const { state } = await manager.streams.info(stream);
    for (let n = 0; n < count; n += 1) await manager.streams.deleteMessage(stream, state.first_seq + 1 + n);
    await connection.close();
  }
});

/** The job's name, as the submitter says it. */
async function jobOf(submit: CliProcess): Promise<string> {
  await said(submit, /job (\S+) on /);
  return /job (\S+) on /.exec(submit.stderr())?.[1] as string;
}
