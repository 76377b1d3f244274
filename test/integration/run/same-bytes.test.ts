import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
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

/** What `sha256sum` finds right, from within the folder. */
async function checkedFiles(folder: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('sha256sum', ['-c', '--strict', 'SHA256SUMS'], { cwd: folder });
  const lines = stdout.split('\n').filter((line) => line !== '');
  expect(lines.filter((line) => !line.endsWith(': OK'))).toEqual([]);
  return lines.map((line) => line.replace(/^.*\/|: OK$/g, '').replace(/: OK$/, '')).sort();
}

/** Every file of a dataset but the sums themselves, the mark of success and what its job keeps. */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  const isData = (name: string): boolean =>
    /^(data-)?\d{6}\.|\.md$|^classes.csv$|^(index|sizes|overview|classes)\.json$/.test(name);
  return [...names.filter(isData), ...(folder.endsWith('.flow-dc') ? ['metadata.parquet'] : [])].sort();
}

describe('the same job run twice', () => {
  it.each<[string, Config, RegExp]>([
    ['tar', { output_format: 'webdataset' }, /\.tar$|^index\.json$|^sizes\.json$/],
    ['parquet', { output_format: 'parquet' }, /^data-\d{6}\.parquet$/],
    ['tar.gz of mixed hosts', { output_format: 'imagefolder', compress_tar: true, mix: true }, /\.tar\.gz$/],
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
      const sealed = form.create_tar === false ? `${out}.flow-dc` : out;
      sums.push(await sumsOf(sealed, pattern));
      expect(await checkedFiles(sealed)).toEqual(await filesOf(sealed));
    }
    expect(Object.keys(sums[0] ?? {}).length).toBeGreaterThanOrEqual(3);
    expect(sums[1]).toEqual(sums[0]);
    if (form.create_tar !== false) return;
    const list = await readFile(join(folder, 'first.flow-dc', '000000.files'), 'utf8');
    expect(list.split('\n').length).toBeGreaterThan(25);
    // As the documentation says.
    const doc = await readFile(new URL('../../../docs/outputs.md', import.meta.url), 'utf8');
    const command = /^cat FOLDER\.flow-dc.*$/m.exec(doc)?.[0].replaceAll('FOLDER', 'first') as string;
    const { stdout } = await promisify(execFile)('sh', ['-c', command], { cwd: folder });
    expect(stdout.split('\n').filter((line) => line.endsWith('.jpg: OK')).length).toBeGreaterThan(100);
  });
});
