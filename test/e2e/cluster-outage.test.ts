import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clusterTrial, said } from '../support/cluster-cli.ts';
import { outcomesOf } from '../support/dataset.ts';
import { describeNats, type NatsServer, startNatsServer } from '../support/nats-server.ts';
import { runCli } from '../support/run-cli.ts';

const AWAY_MS = 60_000;

describeNats('a server that is away for a minute', () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await startNatsServer();
  });
  afterAll(async () => server.close());

  it('ends nobody: submitter and workers say that they wait, and complete the job when it is back', async () => {
    const trial = await clusterTrial({ nats: server.url, rows: 1500, shardSize: 50, latencyMs: 300 });
    const out = trial.path('out');
    const submit = trial.submit(out, '--job', 'outage');
    const workers = [trial.worker('--job', 'outage'), trial.worker('--job', 'outage')];
    await Promise.all(workers.map((worker) => said(worker, 'committed')));
    await server.kill();
    await sleep(AWAY_MS);
    const all = [submit, ...workers];
    expect(all.map(({ child }) => child.exitCode)).toEqual([null, null, null]);
    for (const process of all) expect(process.stderr()).toContain('is away: waiting for it');
    const before = (await outcomesOf(out)).length;
    expect(before).toBeLessThan(1500);
    await server.start();
    for (const process of all) expect((await process.done).code).toBe(0);
    expect((await outcomesOf(out)).map(({ row }) => Number(row)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 1500 }, (_, row) => row),
    );
    expect(await runCli(['verify', out])).toMatchObject({ code: 0, stdout: '' });
  });
});
