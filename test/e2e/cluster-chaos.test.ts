import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { clusterTrial, said } from '../support/cluster-cli.ts';
import { hasPython, membersOf, outcomesOf } from '../support/dataset.ts';
import { describeNats, startNatsServer } from '../support/nats-server.ts';
import { runCli } from '../support/run-cli.ts';

const ROWS = 4000;
/** What clusterTrial gives its workers and units. */
const LEASE_MS = 3000;

describeNats('submitters and workers', () => {
  it('with one thread and with three store every row once while workers are killed and stopped, and server and submitter die', async () => {
    // Side by side, each with a server of its own: most of the time is waits for leases.
    await Promise.all([1, 3].map(runChaos));
  });

  async function runChaos(threads: number): Promise<void> {
    const server = await startNatsServer();
    onTestFinished(() => server.close());
    const trial = await clusterTrial({ nats: server.url, rows: ROWS, shardSize: 50, latencyMs: 300, threads });
    const out = trial.path('out');
    const job = `chaos-${threads}`;
    const killed = trial.submit(out, '--job', job);
    const [first, second, third] = [trial.worker('--job', job), trial.worker('--job', job), trial.worker('--job', job)];
    await Promise.all([first, second, third].map((worker) => said(worker as typeof first, 'committed')));

    first.child.kill('SIGKILL');
    const replacement = trial.worker('--job', job);
    second.child.kill('SIGSTOP');
    killed.child.kill('SIGKILL');
    await server.kill();
    await sleep(700);
    await server.start();
    const submit = trial.submit(out);
    await sleep(1.8 * LEASE_MS);
    second.child.kill('SIGCONT');
    third.child.kill('SIGKILL');
    const last = trial.worker('--job', job);

    expect((await submit.done).code).toBe(0);
    for (const worker of [second, replacement, last]) {
      const { code, stderr } = await worker.done;
      expect(code, stderr).toBe(0);
      if (threads > 1) expect(stderr).not.toContain('a thread has ended');
    }
    const outcomes = await outcomesOf(out);
    expect(outcomes.map(({ row }) => Number(row)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: ROWS }, (_, row) => row),
    );
    expect(await runCli(['verify', out])).toMatchObject({ code: 0, stdout: '' });
    if (!(await hasPython())) return;
    const samples = (await membersOf(out)).filter(({ name }) => name.endsWith('.jpg'));
    const stored = outcomes.filter(({ status }) => status === 'fetched');
    expect(samples.map(({ sha256 }) => sha256).sort()).toEqual(stored.map(({ sha256 }) => sha256).sort());
  }
});
