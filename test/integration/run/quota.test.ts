import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { resolveConfig } from '../../../src/config/resolve.ts';
import type { Config } from '../../../src/config/types.ts';
import type { JobSummary } from '../../../src/job/job-summary.ts';
import { runJob } from '../../../src/run/run-job.ts';
import { subscribe } from '../../../src/telemetry/channels.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { serving } from '../fetch/fetching.ts';

const ROWS = 40;

/** Run until a quota is used up, then interrupt, as somebody would who does not want to wait for an hour. */
async function runUntilQuota(config: Config): Promise<{ summary: JobSummary; closed: string[] }> {
  const drain = new AbortController();
  const closed: string[] = [];
  const end = subscribe('flow-dc:quota', ({ host, period }) => {
    closed.push(`${host} ${period}`);
    setTimeout(() => drain.abort(), 400);
  });
  try {
    return { summary: await runJob(resolveConfig(config, 'download'), { drain: drain.signal }), closed };
  } finally {
    end();
  }
}

it.each([1, 2])(
  'a quota of a domain holds over its hosts, %i threads and runs; others go on, no row fails',
  async (threads) => {
    const folder = await tempFolder();
    const origin = await serving({}, { meanBytes: 20_000, sigma: 0 });
    const urls = Array.from(
      { length: ROWS },
      (_, n) => `http://${['a.one.org', 'b.one.org', 'c.two.org'][n % 3]}/${n}.jpg`,
    );
    await writeFile(join(folder, 'urls.txt'), `${urls.join('\n')}\n`);
    const config: Config = {
      input: [join(folder, 'urls.txt')],
      output: join(folder, 'out'),
      connect_to: [origin.connectTo],
      hosts: { '*.one.org': { bytes_per_hour: 200_000, budget_by: 'domain' } },
      C_init: 2,
      C_max: 2,
      threads,
      shard_size: 10,
    };
    const first = await runUntilQuota(config);
    const asked = () => [...origin.stats()].reduce((sum, [, { requests }]) => sum + requests, 0);
    expect(first.closed).toEqual(['*.one.org hour']);
    expect(first.summary).toMatchObject({ complete: false, failed: 0 });
    // Ten files of 20 kB are the quota; the 13 rows of the other host are none of its business.
    const before = asked();
    expect(before).toBeGreaterThan(6);
    expect(before).toBeLessThanOrEqual(10 + 13);
    expect(origin.stats().get('c.two.org')?.requests).toBe(13);
    const { hosts } = JSON.parse(await readFile(join(folder, 'out', '.flow-dc', 'quotas.json'), 'utf8'));
    expect(hosts).toMatchObject([{ host: '*.one.org' }]);
    const second = await runUntilQuota(config);
    expect(second.closed).toEqual(['*.one.org hour']);
    expect(asked()).toBe(before);
  },
);
