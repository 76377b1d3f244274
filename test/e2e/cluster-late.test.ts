import { readdir } from 'node:fs/promises';
import { expect, it, vi } from 'vitest';
import { clusterTrial } from '../support/cluster-cli.ts';
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
});
