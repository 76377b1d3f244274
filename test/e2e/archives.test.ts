import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { DemoHosts } from '../../src/demo-hosts/start-demo-hosts.ts';
import { clusterTrial } from '../support/cluster-cli.ts';
import { outcomesOf } from '../support/dataset.ts';
import { describeNats, type NatsServer, startNatsServer } from '../support/nats-server.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/manifests/sheets/', import.meta.url));
/** Those of every form. */
const ROWS = Array.from({ length: 600 }, (_, i) => `${i} http://${'abc'[i % 3]}.test/p/${i}.jpg fetched`);
const SHAPE = ['--shard-size', '50', '--progress', 'off', '--law', 'fixed'];

function asked(origin: DemoHosts): number {
  return ['a.test', 'b.test', 'c.test'].reduce((sum, host) => sum + (origin.stats().get(host)?.requests ?? 0), 0);
}

async function expectWhole(out: string): Promise<void> {
  const rows = (await outcomesOf(out)).sort((one, other) => Number(one.row) - Number(other.row));
  expect(rows.map(({ row, url, status }) => `${row} ${url} ${status}`)).toEqual(ROWS);
  expect(await runCli(['verify', out])).toMatchObject({ code: 0, stdout: '' });
}

describe('a manifest in an archive', () => {
  it.for(['long-dwca.zip', 'long.tar.gz', 'long.xlsx'])(
    '%s: an interrupted job is resumed with two threads, and verified by its manifest',
    async (form) => {
      const origin = await testOrigin({ rules: [{ behaviours: [{ kind: 'latency', meanMs: 40 }] }] });
      const out = join(await tempFolder(), 'out');
      const input = join(FIXTURES, form);
      const how = [...SHAPE, '--per-host-concurrency', '4', '--threads', '2', '--connect-to', origin.connectTo];
      const first = startCli(['download', input, '-o', out, ...how]);
      await vi.waitFor(() => expect(asked(origin)).toBeGreaterThan(120), { timeout: 60_000, interval: 10 });
      first.child.kill('SIGINT');
      const stopped = await first.done;
      expect(stopped.code, stopped.stderr).toBe(130);
      const before = asked(origin);
      const resumed = await runCli(['resume', out, '--progress', 'off']);
      expect(resumed.code, resumed.stderr).toBe(0);
      expect(
        before + ROWS.length - asked(origin),
        'none of those that were fetched is asked for again',
      ).toBeGreaterThan(50);
      await expectWhole(out);
      const compared = await runCli(['verify', out, '--input', input]);
      expect(compared.code, compared.stdout + compared.stderr).toBe(0);
      expect((await runCli(['download', input, '-o', out, ...how])).code).toBe(0);
      expect(asked(origin)).toBeLessThanOrEqual(before + ROWS.length);
    },
  );

  it.for(['long.zip', 'long.xml.gz'])('%s through a pipe is kept, and resumed from what was kept', async (form) => {
    const origin = await testOrigin({ rules: [{ behaviours: [{ kind: 'latency', meanMs: 40 }] }] });
    const out = join(await tempFolder(), 'out');
    const how = [...SHAPE, '--per-host-concurrency', '4', '--connect-to', origin.connectTo];
    const first = startCli(['download', '-', '-o', out, ...how], { stdin: await readFile(join(FIXTURES, form)) });
    await vi.waitFor(() => expect(asked(origin)).toBeGreaterThan(120), { timeout: 60_000, interval: 10 });
    first.child.kill('SIGINT');
    expect((await first.done).code).toBe(130);
    const resumed = await runCli(['resume', out, '--progress', 'off']);
    expect(resumed.code, resumed.stderr).toBe(0);
    await expectWhole(out);
  });

  it('is split into files, and the first ones of each class are', async () => {
    const out = join(await tempFolder(), 'parts');
    const flags = ['-o', out, '--partitions', '2', '--output-format', 'csv', '--per-class', '3', '--label', 'label'];
    const { code, stderr } = await runCli(['partition', join(FIXTURES, 'long.xlsx'), ...flags]);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/per_class 3: 588 rows left out/);
    const parts = await Promise.all([1, 2].map((part) => readFile(join(out, `partition_00${part}.csv`), 'utf8')));
    expect(parts.flatMap((part) => part.trim().split('\n').slice(1))).toHaveLength(12);
  });

  it('a table of a pipe cannot be named, which is said with the way', async () => {
    const stdin = await readFile(join(FIXTURES, 'long.zip'));
    const { code, stderr } = await runCli(['inspect', '-::part-1.csv'], { stdin });
    expect(code).toBe(2);
    expect(stderr).toContain('write the archive to a file, and say FILE::part-1.csv');
  });
});

describeNats('a manifest in an archive, in a cluster', () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await startNatsServer();
  });
  afterAll(async () => server.close());

  it.for(['long.zip', 'long.tar.xz', 'long.xlsx'])(
    '%s is read where it is submitted, and its rows are fetched by workers',
    async (form) => {
      const manifest = join(FIXTURES, form);
      const trial = await clusterTrial({ nats: server.url, manifest, shardSize: 50, threads: 2, latencyMs: 5 });
      const job = form.replaceAll('.', '-');
      const submit = trial.submit(trial.path('out'), '--job', job);
      const worker = await trial.worker('--job', job).done;
      expect(worker.code, worker.stderr).toBe(0);
      const done = await submit.done;
      expect(done.code, done.stderr).toBe(0);
      await expectWhole(trial.path('out'));
    },
  );
});
