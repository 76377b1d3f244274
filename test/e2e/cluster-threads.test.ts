import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ClusterTrial, clusterTrial, said, type TrialOptions } from '../support/cluster-cli.ts';
import { essence, outcomesOf } from '../support/dataset.ts';
import { rowsByThread } from '../support/many-threads.ts';
import { describeNats, type NatsServer, startNatsServer } from '../support/nats-server.ts';
import { runCli } from '../support/run-cli.ts';

const ROWS = 1500;

async function expectWhole(out: string): Promise<void> {
  const rows = (await outcomesOf(out)).map(({ row }) => Number(row));
  expect(rows.sort((a, b) => a - b)).toEqual(Array.from({ length: ROWS }, (_, row) => row));
  expect(await runCli(['verify', out])).toMatchObject({ code: 0, stdout: '' });
}

describeNats('a worker with several threads', () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await startNatsServer();
  });
  afterAll(async () => server.close());

  const setUp = (options: TrialOptions = {}): Promise<ClusterTrial> =>
    clusterTrial({ nats: server.url, rows: ROWS, shardSize: 50, latencyMs: 100, threads: 3, ...options });

  it('gives what a download gives, row by row, and all of its threads take part', async () => {
    const trial = await setUp();
    const [alone, together] = [trial.path('alone'), trial.path('together')];
    expect((await runCli(['download', ...trial.flags, '-o', alone])).code).toBe(0);
    const submit = trial.submit(together, '--job', 'threads');
    const worker = await trial.worker('--job', 'threads').done;
    expect(worker.code, worker.stderr).toBe(0);
    expect((await submit.done).code).toBe(0);
    expect(rowsByThread(worker.stderr), worker.stderr).toHaveLength(2);
    expect(Math.min(...rowsByThread(worker.stderr))).toBeGreaterThan(0);
    expect(essence(await outcomesOf(together))).toEqual(essence(await outcomesOf(alone)));
    await expectWhole(together);
  });

  it('loses nothing when it is killed beside another one', async () => {
    const trial = await setUp();
    const out = trial.path('out');
    const submit = trial.submit(out, '--job', 'killed');
    const [victim, other] = [trial.worker('--job', 'killed'), trial.worker('--job', 'killed')];
    await said(victim, /(committed[\s\S]*){5}/);
    victim.child.kill('SIGKILL');
    expect((await submit.done).code).toBe(0);
    expect((await other.done).code).toBe(0);
    await expectWhole(out);
  });

  it('finishes at SIGTERM what its threads have open, and hands back what lasts too long', async () => {
    const trial = await setUp();
    const out = trial.path('out');
    const submit = trial.submit(out, '--job', 'drained');
    const patient = trial.worker('--job', 'drained');
    await said(patient, /(committed[\s\S]*){5}/);
    patient.child.kill('SIGTERM');
    const drained = await patient.done;
    expect(drained.code, drained.stderr).toBe(0);
    expect(drained.stderr).toContain('job drained: left\n');
    const hasty = trial.worker('--job', 'drained', '--drain-sec', '0.1');
    await said(hasty, /(committed[\s\S]*){3}/);
    hasty.child.kill('SIGTERM');
    const left = await hasty.done;
    expect(left.code, left.stderr).toBe(0);
    expect(left.stderr).toMatch(/job drained: left, \d+ unfinished units? handed back/);
    const finisher = trial.worker('--job', 'drained');
    expect((await submit.done).code).toBe(0);
    expect((await finisher.done).code).toBe(0);
    await expectWhole(out);
  });

  it('says that it has lost one of them, whose open units only are begun anew', async () => {
    const trial = await setUp({ harm: 'exit' });
    const out = trial.path('out');
    const submit = trial.submit(out, '--job', 'harmed');
    const worker = await trial.worker('--job', 'harmed').done;
    expect(worker.code, worker.stderr).toBe(0);
    expect(worker.stderr).toMatch(/job harmed: a thread has ended \(.+\): the shards it had open are begun anew/);
    expect((await submit.done).code).toBe(0);
    await expectWhole(out);
  });
});
