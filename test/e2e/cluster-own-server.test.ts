import { copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isRunning } from '../../src/job/lock-holder.ts';
import { clusterTrial, said } from '../support/cluster-cli.ts';
import { outcomesOf } from '../support/dataset.ts';
import { describeNats } from '../support/nats-server.ts';
import { runCli } from '../support/run-cli.ts';

/** As FLOW-DC's notebook writes it, but for the names of folders and columns. */
const TASKVINE = {
  port_number: 9123,
  parquets_directory: 'partitions',
  output_directory: 'images',
  url_col: 'url',
  label_col: 'label',
  concurrent_downloads: 1000,
  timeout_sec: 30,
  enable_paarc: true,
  C_init: 8,
  C_min: 2,
  C_max: 2000,
  mu: 1.0,
  beta: 0.7,
  max_retry_attempts: 3,
  retry_backoff_sec: 0.1,
  timeout_minutes: 60,
  task_cores: 4,
  task_memory_mb: 8000,
  create_tar: true,
  output_format: 'imagefolder',
};

describeNats('a server of the submitter’s own', () => {
  it('serves FLOW-DC’s TaskVine configuration: workers join its port with a token, and it is gone at the end', async () => {
    const trial = await clusterTrial({ rows: 400 });
    await mkdir(trial.path('partitions'));
    await copyFile(trial.manifest, trial.path('partitions/part_0.csv'));
    await writeFile(trial.path('taskvine.json'), JSON.stringify(TASKVINE));
    const options = { cwd: trial.folder, env: { FLOW_DC_NATS_URL: '' } };
    const args = ['submit', '--config', 'taskvine.json', '--connect-to', connectTo(trial.flags)];
    const dry = await runCli([...args, '--dry_run'], options);
    expect(dry.code).toBe(0);
    expect(dry.stderr).toContain('FLOW-DC keys in this file');
    expect(dry.stderr).toContain('hosts: 5; most rows:');
    expect(dry.stderr).toContain('a nats-server of its own on 127.0.0.1:9123');
    await expect(stat(trial.path('images'))).rejects.toThrow('ENOENT');

    const submit = trial.start([...args, '--port-number', '0'], options);
    await said(submit, 'workers join with');
    const joinFile = trial.path('images/.flow-dc/worker.json');
    expect((await stat(joinFile)).mode & 0o777).toBe(0o600);
    const { servers, token, server } = JSON.parse(await readFile(joinFile, 'utf8'));
    await writeFile(trial.path('token'), `${token}\n`);
    const worker = trial.start(
      ['worker', '127.0.0.1', new URL(servers[0]).port, '--token-file', 'token', '--idle-timeout', '5'],
      options,
    );
    expect((await submit.done).code).toBe(0);
    expect((await worker.done).code).toBe(0);
    expect(submit.stderr() + worker.stderr()).not.toContain(token);
    expect(await outcomesOf(trial.path('images'))).toHaveLength(400);
    expect(isRunning(server.pid, server.processStart)).toBe(false);
    await expect(stat(joinFile)).rejects.toThrow('ENOENT');
    expect(await runCli(['verify', trial.path('images')])).toMatchObject({ code: 0, stdout: '' });
  });

  it('stays when its submitter is killed, is found by the next one, and ends with a cancel', async () => {
    const { trial, out, submit, worker, joinFile, server } = await atWork(80);
    submit.child.kill('SIGKILL');
    await submit.done;
    const next = trial.submit(out, '--port-number', '0');
    await said(next, `found the nats-server (process ${server.pid})`);
    await said(next, 'back at a job');
    next.child.kill('SIGINT');
    expect((await next.done).stderr).toContain('keeps running');
    expect((await runCli(['cancel', '--join', joinFile])).stderr).toContain('is free');
    expect((await worker.done).code).toBe(0);
    expect(isRunning(server.pid, server.processStart)).toBe(false);
    expect((await runCli(['resume', out])).code).toBe(0);
    expect(await runCli(['verify', out])).toMatchObject({ code: 0, stdout: '' });
  });

  it('stays when its submitter leaves at Ctrl-C, as that says, and workers and the next submit go on', async () => {
    const { trial, out, submit, worker, server } = await atWork(60);
    submit.child.kill('SIGINT');
    const left = await submit.done;
    expect(left).toMatchObject({ code: 130, stderr: expect.stringContaining(`(process ${server.pid}) keeps running`) });
    expect(isRunning(server.pid, server.processStart)).toBe(true);
    const next = trial.submit(out, '--port-number', '0');
    await said(next, 'back at a job');
    expect((await next.done).code).toBe(0);
    expect((await worker.done).code).toBe(0);
    expect(isRunning(server.pid, server.processStart)).toBe(false);
  });

  it('ends its workers with its job, those that were told no job, and one that slept through the end', async () => {
    const { trial, out, submit, worker, joinFile } = await atWork(60);
    const { servers, token } = JSON.parse(await readFile(joinFile, 'utf8'));
    await writeFile(trial.path('token'), token);
    const port = new URL(servers[0]).port;
    const told = trial.start(['worker', '127.0.0.1', port, '--token-file', trial.path('token')]);
    await said(told, 'joined');
    worker.child.kill('SIGSTOP');
    expect((await submit.done).code).toBe(0);
    worker.child.kill('SIGCONT');
    for (const one of [told, worker]) expect((await one.done).code).toBe(0);
    expect(told.stderr()).toContain('the server was of this job alone: leaving');
    expect(await outcomesOf(out)).toHaveLength(1000);
  });

  it('ends with the cancel of a job that its submitter follows, and the cancel ends, too', async () => {
    const { out, submit, worker, joinFile, server } = await atWork(80);
    const cancel = await runCli(['cancel', '--join', joinFile]);
    expect(cancel).toMatchObject({ code: 0, stderr: expect.stringContaining('cancelled; ') });
    await Promise.all([submit.done, worker.done]);
    expect(isRunning(server.pid, server.processStart)).toBe(false);
    expect((await runCli(['resume', out])).code).toBe(0);
    expect(await runCli(['verify', out])).toMatchObject({ code: 0, stdout: '' });
  });

  it('is started again when it dies, and the job goes on with nobody having to do anything', async () => {
    const { out, submit, worker, server } = await atWork(60);
    process.kill(server.pid, 'SIGKILL');
    await said(submit, `nats-server (process ${server.pid}) ended and was started again`);
    await said(worker, 'answers again');
    expect((await submit.done).code).toBe(0);
    expect((await worker.done).code).toBe(0);
    expect(await outcomesOf(out)).toHaveLength(1000);
    expect(await runCli(['verify', out])).toMatchObject({ code: 0, stdout: '' });
  });

  it('is asked for in one line where there is none to start, and nothing is written', async () => {
    const trial = await clusterTrial({ rows: 10 });
    const env = { NATS_SERVER_BIN: '/no/such/nats-server', FLOW_DC_NATS_URL: '' };
    const result = await trial.start(['submit', ...trial.flags, '-o', trial.path('out')], { env }).done;
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(
      /NATS_SERVER_BIN: .* cannot be run; install it .*--nats nats:\/\/HOST:4222 \(FDC_ERR_USAGE\)\n$/,
    );
    await expect(stat(trial.path('out'))).rejects.toThrow('ENOENT');
  });
});

/** A submit with a server of its own and one worker, which has committed units. */
async function atWork(latencyMs: number) {
  const trial = await clusterTrial({ rows: 1000, latencyMs });
  const out = trial.path('out');
  const submit = trial.submit(out, '--port-number', '0');
  await said(submit, 'units are published');
  const joinFile = join(out, '.flow-dc', 'worker.json');
  const { server } = JSON.parse(await readFile(joinFile, 'utf8'));
  const worker = trial.worker('--join', joinFile);
  await said(worker, 'committed');
  return { trial, out, submit, worker, joinFile, server };
}

function connectTo(flags: readonly string[]): string {
  return flags[flags.indexOf('--connect-to') + 1] as string;
}
