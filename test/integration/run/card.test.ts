import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { verifyDataset } from '../../../src/dataset/verify/verify-dataset.ts';
import { createLocalCommitter } from '../../../src/job/local-committer.ts';
import { runJob } from '../../../src/run/run-job.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { serving } from '../fetch/fetching.ts';

const ROWS = 200;

it.each([1, 2])(
  'a dataset has its card from the first shard on, and until it is sealed that says what is not there yet; threads: %i',
  async (threads) => {
    const folder = await tempFolder();
    const origin = await serving({ '*': [{ kind: 'latency', meanMs: 10 }] }, { meanBytes: 500 });
    const input = join(folder, 'rows.txt');
    await writeFile(input, Array.from({ length: ROWS }, (_, row) => `http://h.example/${row}.jpg`).join('\n'));
    const output = join(folder, 'birds');
    const card = () => readFile(join(output, 'README.md'), 'utf8').catch(() => undefined);
    // Nothing is asked for anew while the run goes on: it ends with the first shard and no earlier.
    const pace = { law: 'fixed', per_host_concurrency: 4, open_units: 1, threads } as const;
    const given = { input, output, connect_to: [origin.connectTo], shard_size: 50, ...pace };
    const config = resolveConfig(given, 'download');
    const stop = new AbortController();
    const running = runJob(config, { drain: stop.signal });
    await expect.poll(card, { interval: 5, timeout: 20_000 }).toBeDefined();
    stop.abort();
    const { rows, complete } = await running;
    expect({ complete, isPart: rows < ROWS }).toEqual({ complete: false, isPart: true });
    expect(await card()).toMatch(
      new RegExp(`\\*\\*Unfinished: ${rows} of (${ROWS} )?rows are settled|Unfinished: ${rows} rows`),
    );
    const records = () => createLocalCommitter(join(output, '.flow-dc')).records();
    expect(await verifyDataset(output, { readRecords: records, unfinished: true })).toEqual([]);
    expect(await runJob(config)).toMatchObject({ complete: true, rows: ROWS });
    expect(await card()).not.toContain('Unfinished');
    expect(await card()).toContain(`${ROWS} samples`);
    expect(await verifyDataset(output, { readRecords: records })).toEqual([]);
  },
);

it('a card, a licence and a repository that lie there before stay, whatever becomes of the dataset', async () => {
  const folder = await tempFolder();
  const origin = await serving({ '*': [{ kind: 'latency', meanMs: 1 }] }, { meanBytes: 500 });
  const input = join(folder, 'rows.txt');
  await writeFile(input, 'http://h.example/0.jpg\nhttp://h.example/1.jpg\n');
  const output = join(folder, 'birds');
  await mkdir(join(output, '.git'), { recursive: true });
  const mine = '# Birds of ours\n';
  for (const name of ['README.md', 'LICENSE', '.git/HEAD']) await writeFile(join(output, name), mine);
  const given = { input, output, connect_to: [origin.connectTo] };
  for (const overwrite of [false, true])
    expect(await runJob(resolveConfig({ ...given, overwrite }, 'download'))).toMatchObject({ complete: true, rows: 2 });
  for (const name of ['README.md', 'LICENSE', '.git/HEAD'])
    expect(await readFile(join(output, name), 'utf8')).toBe(mine);
  const records = () => createLocalCommitter(join(output, '.flow-dc')).records();
  expect(await verifyDataset(output, { readRecords: records })).toEqual([]);
});
