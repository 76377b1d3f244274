import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { runJob } from '../../../src/run/run-job.ts';
import { outcomesOf } from '../../support/dataset.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { serving } from '../fetch/fetching.ts';

const GONE = [{ kind: 'status', status: 404 }] as const;
const BROKEN = [{ kind: 'status', status: 500 }] as const;

/** URLs of row 0 to 6, by host. */
const ROWS = [
  ['good.test', 'spare.test'],
  ['gone.test', 'spare.test'],
  ['', 'spare.test'],
  ['gone.test', 'broken.test', 'spare.test'],
  ['gone.test', 'broken.test'],
  ['no-such.test:x', 'spare.test'],
  ['gone.test'],
];

it('rows of a host that is down go to their other URLs, at the pace of those', async () => {
  const folder = await tempFolder();
  const origin = await serving(
    {
      'down.test': [
        { kind: 'latency', meanMs: 60 },
        { kind: 'status', status: 500 },
      ],
    },
    { meanBytes: 500 },
  );
  const input = join(folder, 'rows.csv');
  // One in three has its other URL at the host itself.
  const other = (row: number): string =>
    row % 3 === 0 ? `http://down.test/other/${row}.jpg` : `http://up.test/${row}.jpg`;
  const lines = Array.from({ length: 90 }, (_, row) => `http://down.test/${row}.jpg,${other(row)}`);
  await writeFile(input, `one,two\n${lines.join('\n')}\n`);
  const output = join(folder, 'out');
  const quick = {
    max_retry_attempts: 1,
    breaker_failures: 5,
    timeout_sec: 0.4,
    law: 'fixed' as const,
    per_host_concurrency: 2,
  };
  const config = resolveConfig({ input, output, url: 'one,two', connect_to: [origin.connectTo], ...quick }, 'download');
  expect(await runJob(config)).toMatchObject({ complete: true, rows: 90, failed: 30 });
  const rows = await outcomesOf(output);
  expect(rows.filter(({ host, status }) => host === 'up.test' && status === 'fetched')).toHaveLength(60);
  const failed = rows.filter(({ status }) => status === 'failed');
  expect(rows.some(({ message }) => String(message).includes('host_down at down.test'))).toBe(true);
  expect(failed.filter(({ message }) => !/all 2 URLs failed/.test(String(message)))).toEqual([]);
  expect(origin.stats().get('up.test')?.requests).toBe(60);
});

it.each([1, 2])('the first URL of a row that works is the one, each at its own host; threads: %i', async (threads) => {
  const folder = await tempFolder();
  const origin = await serving({ 'gone.test': GONE, 'broken.test': BROKEN }, { meanBytes: 500 });
  const lines = ROWS.map((hosts, row) => [0, 1, 2].map((at) => (hosts[at] ? `http://${hosts[at]}/${row}.jpg` : '')));
  // Enough of them that another limit than the mirror's own would show.
  for (let row = ROWS.length; row < 60; row += 1)
    lines.push([`http://gone.test/${row}.jpg`, `http://spare.test/${row}.jpg`, '']);
  const input = join(folder, 'rows.csv');
  await writeFile(input, `one,two,three\n${lines.map((cells) => cells.join(',')).join('\n')}\n`);
  const output = join(folder, 'out');
  const pace = {
    law: 'fixed' as const,

    per_host_concurrency: 3,
    max_retry_attempts: 2,
    retry_backoff_sec: 0.01,
    threads,
    shard_size: 20,
  };
  const given = { input, output, url: 'one,two,three', connect_to: [origin.connectTo], ...pace };
  const config = resolveConfig(given, 'download');
  expect(await runJob(config)).toMatchObject({ complete: true, rows: 60, failed: 2 });
  const rows = (await outcomesOf(output)).sort((a, b) => Number(a.row) - Number(b.row));
  const told = rows
    .slice(0, 7)
    .map(({ status, code, host, attempts, flags }) => [status, code, host, attempts, [...(flags as never)]]);
  expect(told).toEqual([
    ['fetched', null, 'good.test', 1, []],
    ['fetched', null, 'spare.test', 2, ['mirror']],
    ['fetched', null, 'spare.test', 1, []],
    ['fetched', null, 'spare.test', 4, ['mirror']],
    ['failed', 'http_500', 'broken.test', 3, []],
    ['fetched', null, 'spare.test', 1, ['mirror']],
    ['failed', 'http_404', 'gone.test', 1, []],
  ]);
  expect(rows[1]).toMatchObject({
    url: 'http://gone.test/1.jpg',
    final_url: 'http://spare.test/1.jpg',
    two: 'http://spare.test/1.jpg',
  });
  expect(rows[3]?.message).toBe('URL 3 of 3; before it http_404 at gone.test, http_500 at broken.test');
  expect(rows[4]?.message).toMatch(/all 2 URLs failed: http_404 at gone\.test, http_500 at broken\.test$/);
  expect(rows[5]?.message).toBe('URL 2 of 2; before it invalid_url');
  expect([rows[0]?.message, rows[2]?.url]).toEqual([null, 'http://spare.test/2.jpg']);
  const spare = origin.stats().get('spare.test');
  expect([spare?.requests, origin.stats().get('good.test')?.requests]).toEqual([57, 1]);
  expect(spare?.maxInFlight).toBeLessThanOrEqual(3);
  expect(await runJob(config)).toMatchObject({ complete: true, rows: 60 });
  const other = resolveConfig({ ...given, url: 'one,two' }, 'download');
  await expect(runJob(other)).rejects.toThrow(/url was "one,two,three", is now "one,two"/);
});
