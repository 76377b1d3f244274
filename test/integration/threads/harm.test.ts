import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { Config } from '../../../src/config/types.ts';
import { verifyDataset } from '../../../src/dataset/verify/verify-dataset.ts';
import { folderPaths } from '../../../src/destination/folder-layout.ts';
import { createLocalCommitter } from '../../../src/job/local-committer.ts';
import { subscribe } from '../../../src/telemetry/channels.ts';
import { outcomesOf } from '../../support/dataset.ts';
import { type Harm, manyThreads, rowsByThread } from '../../support/many-threads.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { testOrigin } from '../../support/test-origin.ts';
import { runThreaded, type ThreadedRun } from '../../support/threaded-run.ts';

const ROWS = 1500;
const PROGRAM = fileURLToPath(new URL('./run-threads.ts', import.meta.url));

async function setUp(own: Partial<Config> = {}) {
  const folder = await tempFolder();
  const origin = await testOrigin({ rules: [{ behaviours: [{ kind: 'latency', meanMs: 30 }] }], meanBytes: 2000 });
  const manifest = join(folder, 'manifest.txt');
  const out = join(folder, 'out');
  await writeFile(manifest, Array.from({ length: ROWS }, (_, i) => `http://h${i % 3}.test/${i}.jpg`).join('\n'));
  const keys: Config = {
    input: [manifest],
    output: out,
    connect_to: [origin.connectTo],
    law: 'fixed',
    per_host_concurrency: 10,
    shard_size: 50,
    open_units: 2,
    ...own,
  };
  return { out, keys, origin };
}

/** In a process of its own, which a thread may bring down. */
async function runAside(keys: Config, harm: Harm, pace: object = {}): Promise<ThreadedRun & { stderr: string }> {
  const args = ['--import', 'tsx', PROGRAM, JSON.stringify(keys), JSON.stringify(pace)];
  const env = { ...process.env, ...manyThreads(harm) };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { env });
  return { ...(JSON.parse(stdout) as ThreadedRun), stderr };
}

async function expectWhole(out: string): Promise<void> {
  const rows = (await outcomesOf(out)).map(({ row }) => Number(row));
  expect(rows.sort((a, b) => a - b)).toEqual(Array.from({ length: ROWS }, (_, row) => row));
  const committer = createLocalCommitter(folderPaths(out, 'shards').state);
  expect(await verifyDataset(out, { readRecords: () => committer.records() })).toEqual([]);
}

describe('a thread that comes to harm', () => {
  it('is ended when it hangs, and the run completes with every row once', async () => {
    const { out, keys } = await setUp({ threads: 3 });
    const { complete, notices, stderr } = await runAside(keys, 'hang', { silentMs: 4000 });
    expect(complete).toBe(true);
    expect(notices).toEqual(['a thread has ended (it said nothing for 4 s): the shards it had open are begun anew']);
    expect(rowsByThread(stderr).length).toBeGreaterThanOrEqual(1);
    await expectWhole(out);
  });

  it('is replaced, but not for ever, and the first thread goes on alone', async () => {
    // It has to last while threads start, also on a machine that is busy.
    const { out, keys } = await setUp({ threads: 2, max_retries: 1000, per_host_concurrency: 3 });
    const { complete, notices } = await runAside(keys, 'exit');
    expect(complete).toBe(true);
    expect(notices.length).toBeGreaterThanOrEqual(2);
    expect(notices.length).toBeLessThanOrEqual(4);
    await expectWhole(out);
  });

  it.each([0, 1, 2])('takes with it what it had open only, whenever it is ended from outside (%i)', async (round) => {
    const { out, keys } = await setUp({ threads: 3 });
    const ended: Promise<unknown>[] = [];
    process.on('worker', end);
    function end(worker: Worker): void {
      worker.once('online', () => setTimeout(() => ended.push(worker.terminate()), 150 + 170 * round));
    }
    const again = new Set<string>();
    const unsubscribe = subscribe('flow-dc:unit-open', ({ unit, attempt }) => {
      if (attempt > 1) again.add(unit);
    });
    const { complete, rows, fetched } = await runThreaded(keys);
    process.off('worker', end);
    unsubscribe();
    // What its results lacked nothing but their commit counts as open as well, so one more of each.
    expect(again.size).toBeLessThanOrEqual(ended.length * 3);
    expect({ complete, rows, fetched }).toEqual({ complete: true, rows: ROWS, fetched: ROWS });
    expect(ended.length).toBeGreaterThanOrEqual(2);
    await expectWhole(out);
  });
});
