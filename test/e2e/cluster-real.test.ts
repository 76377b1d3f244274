import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ClusterTrial, clusterTrial, said } from '../support/cluster-cli.ts';
import { essence, outcomesOf } from '../support/dataset.ts';
import { describeNats, type NatsServer, startNatsServer } from '../support/nats-server.ts';
import { type CliProcess, runCli } from '../support/run-cli.ts';
import { createTestCa } from '../support/test-ca.ts';

const manifests = process.env.FLOW_DC_MANIFESTS;
const why = manifests === undefined ? ' (SKIPPED: FLOW_DC_MANIFESTS does not name a folder with real manifests)' : '';

describeNats(`real manifests over three workers${why}`, () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await startNatsServer();
  });
  afterAll(async () => server.close());

  it.skipIf(why !== '').for([
    // Thousands of hosts with two rows each: their limits hardly matter, and warming each of them up takes its time.
    ['laion_10000.parquet', 'fixed'],
    // One host: the budget that the workers share decides everything.
    ['biotrove_partition_001.parquet', 'paarc'],
  ] as const)(
    'give what one process gives, for %s under --law %s, although one worker is killed',
    async ([name, law]) => {
      const trial = await trialOn(join(manifests as string, name), server.url, law);
      const [alone, together] = [trial.path('alone'), trial.path('together')];
      expect((await runCli(['download', ...trial.flags, '-o', alone])).code).toBe(0);
      const submit = trial.submit(together, '--job', name.slice(0, 5));
      const workers = [1, 2, 3].map(() => trial.worker('--job', name.slice(0, 5)));
      const victim = await firstToCommit(workers);
      victim.child.kill('SIGKILL');
      expect((await submit.done).code).toBe(0);
      for (const worker of workers) expect((await worker.done).code).toBe(worker === victim ? null : 0);
      expect(essence(await outcomesOf(together))).toEqual(essence(await outcomesOf(alone)));
      expect(await runCli(['verify', together, '--input', trial.manifest])).toMatchObject({ code: 0, stdout: '' });
    },
  );
});

async function trialOn(manifest: string, nats: string, law: 'fixed' | 'paarc'): Promise<ClusterTrial> {
  const ca = createTestCa();
  const trial = await clusterTrial({ nats, manifest, shardSize: 500, latencyMs: 10, law, origin: { tls: ca.tls } });
  const caFile = trial.path('ca.pem');
  await writeFile(caFile, ca.caPem);
  return {
    ...trial,
    flags: [...trial.flags, '--ca-file', caFile],
    submit: (out, ...more) => trial.submit(out, '--ca-file', caFile, ...more),
  };
}

function firstToCommit(workers: readonly CliProcess[]): Promise<CliProcess> {
  return Promise.race(workers.map((worker) => said(worker, 'committed', 120_000).then(() => worker)));
}
