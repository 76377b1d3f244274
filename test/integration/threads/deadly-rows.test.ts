import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import type { Config } from '../../../src/config/types.ts';
import { outcomesOf } from '../../support/dataset.ts';
import { deadlyRows } from '../../support/deadly-rows.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { testOrigin } from '../../support/test-origin.ts';
import type { ThreadedRun } from '../../support/threaded-run.ts';

const ROWS = 900;
const PROGRAM = fileURLToPath(new URL('./run-threads.ts', import.meta.url));

it('a thread that stands still on a row is ended, and costs that row and nothing else', async () => {
  const folder = await tempFolder();
  const origin = await testOrigin({ rules: [{ behaviours: [{ kind: 'latency', meanMs: 100 }] }], meanBytes: 2000 });
  const out = join(folder, 'out');
  // Some of them fall to the first thread, to which they do nothing.
  const isDeadly = (row: number): boolean => row % 90 === 45;
  const urls = Array.from(
    { length: ROWS },
    (_, row) => `http://h${row % 3}.test/${isDeadly(row) ? 'deadly' : 'x'}/${row}.jpg`,
  );
  await writeFile(join(folder, 'manifest.txt'), urls.join('\n'));
  const keys: Config = {
    input: [join(folder, 'manifest.txt')],
    output: out,
    connect_to: [origin.connectTo],
    law: 'fixed',
    per_host_concurrency: 10,
    shard_size: 50,
    open_units: 2,
    threads: 3,
  };
  const args = ['--import', 'tsx', PROGRAM, JSON.stringify(keys), JSON.stringify({ silentMs: 3000 })];
  const env = { ...process.env, ...deadlyRows('hang', 'threads') };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  const { complete, notices } = JSON.parse(stdout) as ThreadedRun;
  expect(complete).toBe(true);
  expect(notices.length).toBeGreaterThanOrEqual(1);
  const outcomes = await outcomesOf(out);
  const rows = outcomes.map(({ row }) => Number(row)).sort((a, b) => a - b);
  expect(rows).toEqual(Array.from({ length: ROWS }, (_, row) => row));
  const failed = outcomes.filter(({ status }) => status !== 'fetched');
  expect(failed.map(({ code }) => code)).toEqual(new Array(notices.length).fill('poison_row'));
  for (const { row } of failed) expect(isDeadly(Number(row))).toBe(true);
});
