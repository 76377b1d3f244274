import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { hasPython, membersOf, outcomesOf } from '../support/dataset.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { storeJobs } from '../support/store-jobs.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

const line = (at: number): string => `http://h${at % 3}.test/p/${at}.jpg,l${at % 2}`;
const csv = (rows: readonly number[]): string => ['url,label', ...rows.map(line)].map((row) => `${row}\n`).join('');
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, at) => from + at);

async function trial() {
  const gone = { host: 'h2.test', behaviours: [{ kind: 'status', status: 404, share: 1 }] } as const;
  const origin = await testOrigin({
    rules: [gone, { behaviours: [{ kind: 'latency', meanMs: 15 }] }],
    meanBytes: 1500,
  });
  const folder = await tempFolder();
  const [manifest, out] = [join(folder, 'm.csv'), join(folder, 'out')];
  const settings = ['--connect-to', origin.connectTo, '--progress', 'off', '--law', 'fixed', '--threads', '1'];
  const first = ['download', manifest, '-o', out, '--shard-size', '20', '--per-host-concurrency', '4', ...settings];
  const asked = (): number => [...origin.stats().values()].reduce((sum, { requests }) => sum + requests, 0);
  return { origin, folder, manifest, out, first, asked };
}

describe('download --extend', () => {
  it('adds what a grown manifest has more, in any order, and a repair finds every row again', async () => {
    const { folder, manifest, out, first, asked } = await trial();
    await writeFile(manifest, csv(range(0, 60)));
    expect((await runCli(first)).code).toBe(0);
    const grown = join(folder, 'grown.csv');
    await writeFile(grown, csv([...range(40, 90).reverse(), ...range(0, 30)]));
    const before = asked();
    const dry = await runCli(['download', grown, '-o', out, '--extend', '--dry-run']);
    const text = '80 rows: 50 are here (already_stored 33; 17 could not be fetched';
    expect([dry.code, dry.stderr]).toEqual([0, expect.stringContaining(text)]);
    const added = await runCli(['download', grown, '-o', out, '--extend', '--progress', 'json']);
    expect(added.code, added.stderr).toBe(0);
    const shown = JSON.parse([...added.stderr.matchAll(/^\{"rowsDone.*\}$/gm)].at(-1)?.[0] as string);
    expect([shown.rowsDone, shown.rowsTotal]).toEqual([90, 90]);
    expect(added.stderr).toContain(`extend: ${text}: flow-dc report ${out}), 30 are new"}\n`);
    expect(asked() - before).toBe(30);
    const rows = await outcomesOf(out);
    expect(rows.map((row) => Number(row.row)).sort((a, b) => a - b)).toEqual(range(0, 90));
    for (const { row, url, source_file: file } of rows) {
      // Taken in the order of the grown manifest, which is the reverse.
      const at = Number(row) < 60 ? Number(row) : 149 - Number(row);
      expect([url, file]).toEqual([line(at).split(',')[0], at < 60 ? manifest : grown]);
    }
    expect(await runCli(['verify', out])).toMatchObject({ code: 0, stdout: '' });
    // Numbers of classes stay, though the grown manifest names l1 first.
    const classes = JSON.parse(await readFile(join(out, 'classes.json'), 'utf8'));
    expect(classes.map(({ label }: { label: string }) => label)).toEqual(['l0', 'l1']);
    const numbers = (await hasPython()) ? (await membersOf(out)).filter(({ name }) => name.endsWith('.cls')) : [];
    for (const { name, sha256 } of numbers) {
      const { label } = rows.find(({ key }) => name === `${key}.cls`) as { label: string };
      expect([name, sha256]).toEqual([name, createHash('sha256').update(label.slice(1)).digest('hex')]);
    }
    const card = await readFile(join(out, 'README.md'), 'utf8');
    expect(card).toContain('of 80 rows 33 were there (already_stored), 17 had been tried in vain, 30 were new.');
    for (const name of ['m.csv', 'grown.csv']) expect(card).toContain(`manifest \`${name}\``);
    expect(card).not.toContain(folder);
    const again = await runCli(['download', grown, '-o', out, '--extend']);
    expect(again.stderr).toContain(', 0 are new');
    const wide = join(folder, 'wide.csv');
    await writeFile(wide, csv(range(0, 95)).replaceAll(/(?<=.)$/gm, ',more'));
    const refused = await runCli(['download', wide, '-o', out, '--extend']);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('it has more columns more')]);
    expect(refused.stderr).toContain('leave out what it has more');
    const lost = rows.filter(({ status }) => status === 'fetched').map(({ key }) => `${String(key).slice(0, 6)}.tar`);
    for (const shard of [lost[0], lost.at(-1)]) await rm(join(out, shard as string));
    const repaired = await runCli(['repair', out]);
    expect(repaired.code, repaired.stderr).toBe(0);
    expect(await outcomesOf(out)).toHaveLength(90);
    expect(await runCli(['verify', out])).toMatchObject({ code: 0, stdout: '' });
  });

  it('knows keys and labels of a JSON column of mixed values by the text that the dataset has of them', async () => {
    const { folder, out, first } = await trial();
    const manifest = join(folder, 'm.json');
    const rows = ['one', 2, 'three'].map((id, at) => ({
      url: `http://h0.test/${id}.jpg`,
      id,
      label: [7, 'x', 'y'][at],
    }));
    await writeFile(manifest, JSON.stringify(rows));
    const begun = await runCli([...first.map((word) => word.replace('m.csv', 'm.json')), '--key-col', 'id']);
    expect(begun.code, begun.stderr).toBe(0);
    const moved = rows.map((row) => ({ ...row, url: `${row.url}?moved` }));
    await writeFile(manifest, JSON.stringify([...moved, { url: 'http://h0.test/new.jpg', id: 'new', label: 'x' }]));
    const added = await runCli(['download', manifest, '-o', out, '--extend', '--progress', 'off']);
    expect(added.code, added.stderr).toBe(0);
    expect(added.stderr).toContain('4 rows: 3 are here (already_stored 3), 1 are new');
    const classes = JSON.parse(await readFile(join(out, 'classes.json'), 'utf8'));
    expect(classes.map(({ label }: { label: string }) => label)).toEqual(['7', 'x', 'y']);
  });

  it('goes on after a kill, where the manifest grew in its place, and once more for the next one', async () => {
    const { manifest, out, first, asked } = await trial();
    await writeFile(manifest, csv(range(0, 40)));
    expect((await runCli(first)).code).toBe(0);
    await writeFile(manifest, csv([...range(0, 40), 3, ...range(40, 160)]));
    const extend = ['download', manifest, '-o', out, '--extend', '--open-units', '2'];
    const running = startCli(extend);
    await vi.waitFor(() => expect(asked()).toBeGreaterThan(90), { timeout: 20_000, interval: 5 });
    running.child.kill('SIGKILL');
    await running.done;
    const rest = await runCli(extend);
    expect(rest.code, rest.stderr).toBe(0);
    const urls = (await outcomesOf(out)).map(({ url }) => url);
    expect(urls).toHaveLength(160);
    expect(new Set(urls).size).toBe(160);
    await writeFile(manifest, csv([...range(0, 40), 3, ...range(40, 170)]));
    const more = await runCli(extend);
    expect(more.code, more.stderr).toBe(0);
    expect(more.stderr).toContain(', 10 are new');
    const retried = await runCli(['retry', out, '--only', 'http_404', '--progress', 'json']);
    expect(retried.stderr).toContain('56 rows are fetched again');
    const shown = JSON.parse([...retried.stderr.matchAll(/^\{"rowsDone.*\}$/gm)].at(-1)?.[0] as string);
    expect([shown.rowsDone, shown.rowsTotal]).toEqual([226, 226]);
    expect(await runCli(['verify', out])).toMatchObject({ code: 0, stdout: '' });
  });

  it('does the same in an object store', async () => {
    const jobs = await storeJobs('s3rver', 60);
    expect((await jobs.run(jobs.args('s3://bucket/set', '--shard-size', '20'))).code).toBe(0);
    await writeFile(jobs.manifest, `${jobs.csv}http://a.test/p/new.jpg,l1\n`);
    const added = await jobs.run(jobs.args('s3://bucket/set', '--shard-size', '20', '--extend'), 'there');
    expect(added.code, added.stderr).toBe(0);
    expect(added.stderr).toContain(', 1 are new');
    const verified = await jobs.run(['verify', 's3://bucket/set']);
    expect([verified.code, verified.stderr]).toEqual([0, expect.stringContaining('61 rows')]);
  });
});
