import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { clusterTrial, said } from '../support/cluster-cli.ts';
import { manyThreads } from '../support/many-threads.ts';
import { describeNats, startNatsServer } from '../support/nats-server.ts';
import { startCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

const FILE_BYTES = 20_000;
const QUOTA_BYTES = 30 * FILE_BYTES;
const HOST = 'a.test';
const ORIGIN = { meanBytes: FILE_BYTES, sigma: 0, rules: [{ behaviours: [{ kind: 'latency', meanMs: 60 } as const] }] };
const RULE = ['--host', `${HOST}: bytes_per_hour=${QUOTA_BYTES}`];
const CLOSED = /has given the .* of its hour/;

async function manifestOf(rows: number): Promise<string> {
  const path = join(await tempFolder(), 'urls.txt');
  await writeFile(path, Array.from({ length: rows }, (_, n) => `http://${HOST}/${n}.jpg\n`).join(''));
  return path;
}

it.each([1, 3])(
  'a quota is not spent anew by a run of %i threads that is killed, however often',
  async (threads) => {
    const origin = await testOrigin(ORIGIN);
    const asked = (): number => origin.stats().get(HOST)?.requests ?? 0;
    const out = join(await tempFolder(), 'out');
    const manifest = await manifestOf(200);
    const start = () => {
      const flags = [
        '--connect-to',
        origin.connectTo,
        '--threads',
        `${threads}`,
        '--shard-size',
        '50',
        '--C-init',
        '2',
      ];
      const run = startCli(['download', manifest, '-o', out, ...flags, ...RULE], {
        env: threads > 1 ? manyThreads() : {},
      });
      onTestFinished(() => void run.child.kill('SIGKILL'));
      return run;
    };
    for (let times = 1; times <= 3; times += 1) {
      const before = asked();
      const { child, done } = start();
      await vi.waitFor(() => expect(asked()).toBeGreaterThan(before + 2), { timeout: 20_000, interval: 5 });
      child.kill('SIGKILL');
      await done;
    }
    const last = start();
    await said(last, CLOSED);
    expect(asked() * FILE_BYTES).toBeLessThanOrEqual(QUOTA_BYTES);
    expect(asked() * FILE_BYTES).toBeGreaterThan(QUOTA_BYTES / 2);
    last.child.kill('SIGINT');
    await last.done;
  },
  60_000,
);

describeNats('the quota of a host', () => {
  it.each(['fixed', 'paarc'] as const)(
    'is counted over all workers (law %s), late and killed ones too',
    async (law) => {
      const server = await startNatsServer();
      onTestFinished(() => server.close());
      const manifest = await manifestOf(400);
      const origin = { ...ORIGIN, rules: [{ behaviours: [{ kind: 'latency', meanMs: 150 } as const] }] };
      const trial = await clusterTrial({ nats: server.url, manifest, law, origin, shardSize: 20 });
      const asked = (): number => trial.origin.stats().get(HOST)?.requests ?? 0;
      const out = trial.path('out');
      trial.submit(out, ...RULE);
      const [first, second] = [trial.worker(), trial.worker()];
      await vi.waitFor(() => expect(asked()).toBeGreaterThan(4), { timeout: 30_000, interval: 5 });
      first.child.kill('SIGKILL');
      const late = trial.worker();
      await Promise.all([second, late].map((worker) => said(worker, CLOSED)));
      expect(asked() * FILE_BYTES).toBeLessThanOrEqual(QUOTA_BYTES);
      expect(asked() * FILE_BYTES).toBeGreaterThan(QUOTA_BYTES / 2);
      // Whoever comes when nothing is left sends nothing.
      const before = asked();
      await said(trial.worker(), CLOSED);
      expect(asked()).toBe(before);
    },
    120_000,
  );
});
