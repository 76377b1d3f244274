import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { utf8Column } from '../../src/arrow/columns.ts';
import { essence, outcomesOf, shardPaths } from '../support/dataset.ts';
import { writeParquetFile } from '../support/manifests.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

const URLS = Array.from({ length: 40 }, (_, i) => `http://h${i % 3}.test/${i}.png`);

describe('a manifest on stdin', () => {
  const forms: readonly { name: string; bytes: (folder: string) => Promise<Buffer | string> | Buffer | string }[] = [
    { name: 'txt', bytes: () => URLS.join('\n') },
    { name: 'csv', bytes: () => ['id,url', ...URLS.map((url, i) => `${i},${url}`)].join('\n') },
    { name: 'jsonl', bytes: () => URLS.map((url, id) => JSON.stringify({ id, url })).join('\n') },
    {
      name: 'parquet',
      bytes: async (folder) => {
        await writeParquetFile(join(folder, 'm.parquet'), [['url', utf8Column(URLS)]]);
        return readFile(join(folder, 'm.parquet'));
      },
    },
  ];

  it.for(forms.map((form) => [form.name, form] as const))('is read as %s', async ([, { bytes }]) => {
    const { folder, args } = await setUp();
    const out = join(folder, 'out');
    const result = await runCli(args('-', out), { stdin: await bytes(folder) });
    expect(result.code, result.stderr).toBe(0);
    expect((await outcomesOf(out)).map(({ url }) => url).sort()).toEqual([...URLS].sort());
    expect((await runCli(['verify', out])).code).toBe(0);
  });

  it('is worked through when nobody reads any more what is said about it', async () => {
    const { folder, args } = await setUp();
    const out = join(folder, 'out');
    const cli = startCli(args('-', out), { stdin: URLS.join('\n') });
    cli.child.stderr?.destroy();
    expect((await cli.done).code).toBe(0);
    expect(await outcomesOf(out)).toHaveLength(URLS.length);
  });

  it('is worked on while it still comes, and closes a window after a second without rows', async () => {
    const { folder, args } = await setUp();
    const out = join(folder, 'out');
    async function* slowly(): AsyncGenerator<string> {
      yield `${URLS.slice(0, 10).join('\n')}\n`;
      await vi.waitFor(async () => expect(await shardPaths(out)).toHaveLength(1), { timeout: 30_000, interval: 100 });
      yield URLS.slice(10).join('\n');
    }
    expect((await runCli(args('-', out), { stdin: slowly() })).code).toBe(0);
    expect(await outcomesOf(out)).toHaveLength(URLS.length);
  });

  it('is kept, so that a resume finishes what a kill cut off, also when rows came in bursts', async () => {
    const { folder, args } = await setUp(400);
    const out = join(folder, 'out');
    async function* inBursts(): AsyncGenerator<string> {
      yield `${URLS.slice(0, 15).join('\n')}\n`;
      await wait(1800);
      yield URLS.slice(15).join('\n');
    }
    const { child, done, stderr } = startCli([...args('-', out), '--law', 'fixed', '--per-host-concurrency', '1'], {
      stdin: inBursts(),
    });
    await vi.waitFor(() => expect(stderr()).toContain('limits:'), { timeout: 60_000 });
    await wait(4200);
    child.kill('SIGKILL');
    await done;
    const resumed = await runCli(['resume', out]);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(essence(await outcomesOf(out))).toHaveLength(URLS.length);
    expect((await runCli(['verify', out])).stdout).toBe('');
  });
});

describe('another manifest for an output', () => {
  it('is refused on stdin, for a finished dataset and for one that is not', async () => {
    const { folder, args } = await setUp();
    const out = join(folder, 'out');
    const run = (urls: readonly string[], more: readonly string[] = []) =>
      runCli([...args('-', out), ...more], { stdin: urls.join('\n') });
    expect((await run(URLS)).code).toBe(0);
    const again = await run(URLS);
    expect(again.code, again.stderr).toBe(0);
    for (const other of [URLS.slice(0, -1), [...URLS, URLS[0] as string], URLS.with(30, 'http://h1.test/x.png')]) {
      const { code, stderr } = await run(other);
      expect(code, stderr).toBe(2);
      expect(stderr).toContain('FDC_ERR_JOB_MISMATCH');
    }
    expect((await runCli(['verify', out])).code).toBe(0);
    expect((await run(URLS.slice(5), ['--overwrite'])).code).toBe(0);
  });

  it('is refused where an earlier run read the beginning of one', async () => {
    const { folder, args } = await setUp();
    const out = join(folder, 'out');
    async function* slowly(): AsyncGenerator<string> {
      yield `${URLS.slice(0, 20).join('\n')}\n`;
      await wait(20_000, undefined, { ref: false });
    }
    const { child, done } = startCli(args('-', out), { stdin: slowly() });
    await vi.waitFor(async () => expect(await outcomesOf(out)).toHaveLength(20), { timeout: 60_000, interval: 200 });
    child.kill('SIGKILL');
    await done;
    const other = await runCli(args('-', out), { stdin: URLS.with(19, 'http://h1.test/x.png').join('\n') });
    expect(other.stderr).toContain('FDC_ERR_JOB_MISMATCH');
    expect(other.code).toBe(2);
    const same = await runCli(args('-', out), { stdin: URLS.join('\n') });
    expect(same.code, same.stderr).toBe(0);
    expect(await outcomesOf(out)).toHaveLength(URLS.length);
  });

  it('is refused as a file whose last row alone has changed', async () => {
    const { folder, args } = await setUp();
    const [manifest, out] = [join(folder, 'm.csv'), join(folder, 'out')];
    // Beyond the first MiB, which is what tells files apart at a glance.
    const rows = URLS.map((url) => `${url},${'x'.repeat(50_000)}\n`).join('');
    await writeFile(manifest, `url,note\n${rows}`);
    expect((await runCli(args(manifest, out))).code).toBe(0);
    expect((await runCli(args(manifest, out))).code).toBe(0);
    await writeFile(manifest, `url,note\n${rows.replace('/39.png', '/93.png')}`);
    const { code, stderr } = await runCli(args(manifest, out));
    expect(code, stderr).toBe(2);
    expect(stderr).toMatch(/m\.csv had sha256 \w+….*FDC_ERR_JOB_MISMATCH/);
    const verified = await runCli(['verify', out, '--manifest', manifest]);
    expect(verified.code, verified.stderr).toBe(3);
    expect(verified.stdout.split('\n').map((line) => line.split(':')[0])).toEqual(['row_changed', 'input_changed', '']);
    expect(verified.stdout).toMatch(/1 rows have another URL in the manifest, or none, the first is row 39/);
    await writeFile(manifest, `url,note\n${rows}`);
    expect(await runCli(['verify', out, '--manifest', manifest])).toMatchObject({ code: 0, stdout: '' });
    await writeFile(manifest, `url,note\n${rows}http://h1.test/more.png,\n`);
    expect((await runCli(['verify', out, '--manifest', manifest])).stdout).toMatch(/row_missing: rows 40\.\.40/);
  });
});

describe('flow-dc download', () => {
  it('keeps stdout for results: nothing without --json, one object with it', async () => {
    const { folder, args } = await setUp();
    await writeFile(join(folder, 'm.txt'), URLS.join('\n'));
    const plain = await runCli(args(join(folder, 'm.txt'), join(folder, 'a')));
    expect(plain.stdout).toBe('');
    const json = await runCli([...args(join(folder, 'm.txt'), join(folder, 'b')), '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      complete: true,
      rows: URLS.length,
      fetched: URLS.length,
      failed: 0,
    });
  });

  it('takes only the first rows with --limit, and writes nothing with --dry-run', async () => {
    const { folder, args } = await setUp();
    await writeFile(join(folder, 'm.txt'), [...URLS, `${URLS[0]} a.jpg`].join('\n'));
    const dry = await runCli([...args(join(folder, 'm.txt'), join(folder, 'out')), '--dry-run']);
    expect(dry.code).toBe(0);
    // What shows only when all of it is read.
    expect(dry.stderr).toMatch(/warning: .*something stands behind the URL/);
    expect(await shardPaths(join(folder, 'out')).catch(() => 'nothing')).toBe('nothing');
    await runCli([...args(join(folder, 'm.txt'), join(folder, 'out')), '--limit', '7']);
    expect(await outcomesOf(join(folder, 'out'))).toHaveLength(7);
  });

  it('exits 3 when nothing at all was stored, or too little', async () => {
    const { folder, args } = await setUp();
    const urls = join(folder, 'm.txt');
    await writeFile(urls, ['http://gone.test/1.jpg', 'http://gone.test/2.jpg'].join('\n'));
    expect((await runCli(args(urls, join(folder, 'a')))).code).toBe(3);
    await writeFile(urls, ['http://gone.test/1.jpg', 'http://h1.test/2.jpg'].join('\n'));
    expect((await runCli(args(urls, join(folder, 'b')))).code).toBe(0);
    expect((await runCli([...args(urls, join(folder, 'c')), '--max-failure-rate', '0.1'])).code).toBe(3);
  });
});

async function setUp(latencyMs = 0): Promise<{ folder: string; args: (manifest: string, out: string) => string[] }> {
  const folder = await tempFolder();
  const rules = [
    { behaviours: [{ kind: 'latency', meanMs: latencyMs } as const] },
    { host: 'gone.test', behaviours: [{ kind: 'status', status: 404 } as const] },
  ];
  const origin = await testOrigin({ meanBytes: 2000, rules });
  return { folder, args: (manifest, out) => ['download', manifest, '-o', out, '--connect-to', origin.connectTo] };
}
