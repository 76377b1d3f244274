import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { runDownload } from '../../../src/cli/commands/run-download.ts';
import type { CliIo } from '../../../src/cli/terminal/process.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import type { Config } from '../../../src/config/types.ts';
import { runJob } from '../../../src/run/run-job.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { serving } from '../fetch/fetching.ts';

async function dryRun(config: Config): Promise<string> {
  const stderr = new PassThrough();
  const io = { stdout: new PassThrough(), stderr, env: {}, signal: new AbortController().signal } as unknown as CliIo;
  expect(await runDownload({ ...config, dry_run: true }, io)).toBe(0);
  return String(stderr.read());
}

async function manifest(): Promise<{ folder: string; config: Config & { output: string } }> {
  const folder = await tempFolder();
  const urls = Array.from({ length: 30 }, (_, n) => `http://${n % 3 === 0 ? 'api.gbif.org' : 'a.test'}/${n}.jpg`);
  await writeFile(join(folder, 'urls.txt'), urls.join('\n'));
  const config = { input: [join(folder, 'urls.txt')], output: join(folder, 'out'), shard_size: 10 };
  return { folder, config };
}

describe('a dry run', () => {
  it('says shards, hosts and how each is treated, asks no host, and writes nothing', async () => {
    const origin = await serving({});
    const { folder, config } = await manifest();
    const said = await dryRun({
      ...config,
      connect_to: [origin.connectTo],
      hosts: { 'a.test': { rate: 5 } },
      disk_reserve: '5GB',
    });
    expect(said).toMatch(/^units: 3 of 10 rows on average/m);
    expect(said).toMatch(/^ +20 rows \(66\.7 %\) in 2 units {2}a\.test: at most 5 requests a second$/m);
    expect(said).toMatch(/^ +10 rows \(33\.3 %\) in 1 unit {2}api\.gbif\.org: at most 1 at once$/m);
    expect(said).toMatch(/^settings: law paarc, C 8 to 2000,.*; 5\.\d+ GB of disk are kept free$/m);
    expect(origin.stats().size).toBe(0);
    expect(await readdir(folder)).toEqual(['urls.txt']);
  });

  it('of a dataset that is there says what is settled, and refuses what a run would refuse', async () => {
    const origin = await serving({}, { meanBytes: 500 });
    const { folder, config } = await manifest();
    const all = { ...config, connect_to: [origin.connectTo], host_presets: false };
    await runJob(resolveConfig(all, 'download'));
    expect(await dryRun(all)).toContain('a run would go on with it: 30 rows in 3 shards are settled already');
    await expect(dryRun({ ...all, shard_size: 7 })).rejects.toMatchObject({ code: 'FDC_ERR_JOB_MISMATCH' });
    await expect(dryRun({ ...all, output: folder })).rejects.toMatchObject({ code: 'FDC_ERR_DEST_FOREIGN' });
    await expect(dryRun({ ...all, output: join(folder, 'urls.txt', 'out') })).rejects.toMatchObject({
      code: 'FDC_ERR_DEST_UNWRITABLE',
    });
  });
});
