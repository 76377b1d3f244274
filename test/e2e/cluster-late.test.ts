import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { clusterTrial, said } from '../support/cluster-cli.ts';
import { describeNats, startNatsServer } from '../support/nats-server.ts';
import type { CliProcess } from '../support/run-cli.ts';

const UNIT = /^\S+ unit \S+: \d+ rows/m;

async function firstUnitMs(worker: CliProcess): Promise<number> {
  await vi.waitFor(() => expect(worker.stderr()).toContain(': joined'), { timeout: 20_000, interval: 20 });
  const startMs = performance.now();
  await vi.waitFor(() => expect(worker.stderr()).toMatch(UNIT), { timeout: 20_000, interval: 20 });
  return performance.now() - startMs;
}

describeNats('a job that one worker has taken as a whole', () => {
  it('is shared with workers that come late, within seconds, after submit has said that nobody was there', async () => {
    const server = await startNatsServer();
    const trial = await clusterTrial({ nats: server.url, rows: 300, shardSize: 20, latencyMs: 400 });
    const out = trial.path('out');
    const submit = trial.submit(out, '--per-host-concurrency', '2', '--progress', 'json');
    await vi.waitFor(() => expect(submit.stderr()).toContain('no worker has joined yet: flow-dc worker nats://'), {
      timeout: 20_000,
      interval: 50,
    });
    const first = trial.worker('--open-units', '16');
    await vi.waitFor(() => expect(first.stderr().match(new RegExp(UNIT, 'gm'))?.length).toBe(15), { timeout: 20_000 });
    const late = [trial.worker(), trial.worker()];
    const tookMs = await Promise.all(late.map(firstUnitMs));
    expect(Math.max(...tookMs)).toBeLessThan(6_000);
    const { code, stderr } = await submit.done;
    expect(code, stderr).toBe(0);
    for (const line of stderr.trimEnd().split('\n')) expect(line).toMatch(/^\{.*\}$/);
    expect(await readdir(out)).toContain('_SUCCESS');
    await server.close();
  }, 90_000);

  it('is followed past a killed worker: when its units come back is said, and they do', async () => {
    const server = await startNatsServer();
    onTestFinished(() => server.close());
    const trial = await clusterTrial({ nats: server.url, rows: 600, shardSize: 20, latencyMs: 500 });
    const submit = trial.submit(trial.path('out'), '--per-host-concurrency', '2', '--lease-sec', '20');
    await said(submit, 'are published');
    const workers = [trial.worker(), trial.worker(), trial.worker()];
    await Promise.all(workers.map((worker) => said(worker, UNIT)));
    const [killed] = workers as [CliProcess];
    // They say once a second what they have.
    await sleep(2000);
    killed.child.kill('SIGKILL');
    const killedMs = performance.now();
    await said(submit, /worker \S+ is silent for \d+ s: its \d+ units? (is|are) given to others in \d+ s/, 20_000);
    const [, backSec] = /given to others in (\d+) s/.exec(submit.stderr()) as RegExpExecArray;
    const sayMs = performance.now();
    await vi.waitFor(() => expect(workers.map(({ stderr }) => stderr()).join('')).toContain('delivery 2'), {
      timeout: 40_000,
      interval: 50,
    });
    expect(sayMs - killedMs).toBeLessThan(15_000);
    expect(performance.now() - sayMs).toBeLessThan((Number(backSec) + 3) * 1000);
    const { code, stderr } = await submit.done;
    expect(code, stderr).toBe(0);
  }, 120_000);
});
