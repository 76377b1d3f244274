import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { resolveConfig } from '../../../src/config/resolve.ts';
import type { JobSummary } from '../../../src/job/job-summary.ts';
import { runJob } from '../../../src/run/run-job.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { serving } from '../fetch/fetching.ts';

const ROWS = 30;

it('a dataset of the first rows goes on with more of them, and every row is asked for once', async () => {
  const folder = await tempFolder();
  const origin = await serving({}, { meanBytes: 500 });
  const input = join(folder, 'rows.csv');
  await writeFile(input, ['url', ...Array.from({ length: ROWS }, (_, n) => `http://a.test/${n}.jpg`)].join('\n'));
  const output = join(folder, 'out');
  const run = (limit?: number): Promise<JobSummary> =>
    runJob(resolveConfig({ input, output, connect_to: [origin.connectTo], shard_size: 4, limit }, 'download'));
  expect(await run(5)).toMatchObject({ complete: true, rows: 5, fetched: 5 });
  expect(await run(5)).toMatchObject({ complete: true, rows: 5 });
  expect(await run(12)).toMatchObject({ complete: true, rows: 12, fetched: 12, before: { rows: 5 } });
  await expect(run(7)).rejects.toThrow(/limit was 12, is now 7/);
  expect(await run()).toMatchObject({ complete: true, rows: ROWS, fetched: ROWS });
  expect(origin.stats().get('a.test')?.requests).toBe(ROWS);
  const overview = JSON.parse(await readFile(join(output, 'overview.json'), 'utf8'));
  expect(overview.summary.total_urls).toBe(ROWS);
});
