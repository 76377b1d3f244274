import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Config } from '../../../src/config/types.ts';
import { digestOf } from '../../../src/dataset/files/digest.ts';
import { folderFile } from '../../../src/dataset/files/folder-files.ts';
import type { Rule } from '../../../src/demo-hosts/behaviour.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { testOrigin } from '../../support/test-origin.ts';
import { runThreaded } from '../../support/threaded-run.ts';

const ROWS = 150;
const HOSTS = ['slow.test', 'quick.test', 'gone.test'];
/** What is stored is the same with both; when it comes is not. */
const GONE: Rule = { host: 'gone.test', behaviours: [{ kind: 'status', status: 404, share: 0.3 }] };
const QUICK: Rule[] = [GONE];
const UNEVEN: Rule[] = [
  GONE,
  { host: 'slow.test', behaviours: [{ kind: 'latency', meanMs: 25, sigma: 1 }] },
  { host: 'gone.test', behaviours: [{ kind: 'latency', meanMs: 5, sigma: 1 }] },
];
const ONE_BY_ONE: Config = { threads: 1, open_units: 1, per_host_concurrency: 1 };
const ALL_AT_ONCE: Config = { threads: 2, open_units: 8, per_host_concurrency: 40, body_memory: 8 << 20 };

async function sumsOf(folder: string, pattern: RegExp): Promise<Record<string, string>> {
  const names = (await readdir(folder)).filter((name) => pattern.test(name)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, (await digestOf(folderFile(join(folder, name)))).sha256])),
  );
}

describe('the same job run twice', () => {
  it.each<[string, Config, RegExp]>([
    ['tar', { output_format: 'webdataset' }, /\.tar$|^index\.json$/],
    ['tar.gz', { output_format: 'imagefolder', compress_tar: true }, /\.tar\.gz$/],
    ['loose files', { create_tar: false }, /\.files$/],
  ])('with other threads, concurrency and delays gives the same bytes: %s', async (_, form, pattern) => {
    const folder = await tempFolder();
    const origin = await testOrigin({ rules: QUICK, meanBytes: 20_000 });
    const manifest = join(folder, 'manifest.csv');
    const rows = Array.from({ length: ROWS }, (_, i) => `http://${HOSTS[i % 3]}/p/${i}.jpg,l${i % 5},caption ${i}`);
    await writeFile(manifest, ['url,label,caption', ...rows].join('\n'));
    const sums: Record<string, string>[] = [];
    for (const [name, how, rules] of [
      ['first', ONE_BY_ONE, QUICK],
      ['second', ALL_AT_ONCE, UNEVEN],
    ] as const) {
      origin.setRules([...rules]);
      const out = join(folder, name);
      const keys = { input: manifest, output: out, law: 'fixed', shard_size: 45, connect_to: origin.connectTo };
      const { complete, fetched } = await runThreaded({ ...keys, ...form, ...how } as Config);
      expect([complete, fetched]).toEqual([true, expect.any(Number)]);
      sums.push(await sumsOf(form.create_tar === false ? `${out}.flow-dc` : out, pattern));
    }
    expect(Object.keys(sums[0] ?? {}).length).toBeGreaterThanOrEqual(3);
    expect(sums[1]).toEqual(sums[0]);
    if (form.create_tar !== false) return;
    const list = await readFile(join(folder, 'first.flow-dc', '000000.files'), 'utf8');
    expect(list.split('\n').length).toBeGreaterThan(25);
  });
});
