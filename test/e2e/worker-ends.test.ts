import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { clusterTrial, said } from '../support/cluster-cli.ts';
import { describeNats, startNatsServer } from '../support/nats-server.ts';
import { startCli } from '../support/run-cli.ts';
import { uploadTrial } from '../support/upload-trial.ts';

/** For a loaded machine: how late a signal and an exit may be noticed. */
const SLACK_MS = 2_500;
const DRAIN = ['--drain-sec', '4'];

/** How long a process takes to end after SIGTERM, ms, and its end. */
async function terminated(worker: ReturnType<typeof startCli>) {
  const startMs = performance.now();
  worker.child.kill('SIGTERM');
  const end = await worker.done;
  return { ...end, ms: performance.now() - startMs };
}

describeNats('a worker that is told to stop', () => {
  it('ends within drain_sec when its server is dead and its hosts do not answer', async () => {
    const server = await startNatsServer();
    onTestFinished(() => server.close());
    const trial = await clusterTrial({ nats: server.url, rows: 300, shardSize: 50, latencyMs: 400, law: 'paarc' });
    const submit = trial.submit(trial.path('out'));
    await said(submit, 'are published');
    const workers = [trial.worker(...DRAIN), trial.worker(...DRAIN)];
    await Promise.all(workers.map((worker) => said(worker, 'joined')));
    await server.kill();
    await Promise.all(workers.map((worker) => said(worker, 'is away')));
    // By then units are whole whose commit nobody takes.
    await sleep(1500);
    const ends = await Promise.all(workers.map(terminated));
    for (const { ms, stderr, code } of ends) {
      expect(ms, stderr).toBeLessThan(4000 + SLACK_MS);
      expect(code, stderr).toBe(0);
    }
    submit.child.kill('SIGKILL');
  });

  it('does not try an upload again that failed, but ends', async () => {
    const server = await startNatsServer();
    onTestFinished(() => server.close());
    const { folder, tools, out, base } = await uploadTrial();
    const args = [...base.slice(1), '-o', out, '--cloud-destination', 'birds', '--nats', server.url];
    const submit = startCli(['submit', ...args], { env: tools.env });
    await said(submit, 'are published');
    await mkdir(`${folder}/tmp`);
    await tools.plan({ fail: 100 });
    const worker = startCli(['worker', server.url, '--drain-sec', '60'], {
      env: { ...tools.env, TMPDIR: `${folder}/tmp` },
    });
    await vi.waitFor(async () => expect((await tools.calls()).join()).toContain(' put '), { timeout: 60_000 });
    const { ms, stderr, code } = await terminated(worker);
    expect(ms, stderr).toBeLessThan(10_000);
    expect(code, stderr).toBe(0);
    submit.child.kill('SIGKILL');
  });
});
