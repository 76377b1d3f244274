import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { changingImage, changingOrigin } from '../support/changing-origin.ts';
import { outcomesOf } from '../support/dataset.ts';
import { powerCutEnv } from '../support/power-cut.ts';
import { runCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';

const urls = Array.from({ length: 12 }, (_, i) => `a.test/${i}.jpg`);

async function downloaded(...flags: readonly string[]) {
  const origin = await changingOrigin();
  const folder = await tempFolder();
  const out = join(folder, 'out');
  await writeFile(
    `${out}.csv`,
    `url,owner\n${urls.map((url, i) => `http://${url},owner-${i}`).join('\n')}\nhttp://${urls[6]},owner-6\n`,
  );
  const shape = ['--shard-size', '4', '--connect-to', origin.connectTo, '--progress', 'off', '--law', 'fixed'];
  const first = await runCli(['download', `${out}.csv`, '-o', out, ...shape, '--threads', '1', ...flags]);
  expect(first.code, first.stderr).toBe(0);
  origin.asked.length = 0;
  return { origin, folder, out };
}

/** Every file of the dataset and of its job, but for the manifest's name in them. */
async function everything(folder: string): Promise<Buffer> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== 'out.csv' && entry.name !== 'gone.txt');
  return Buffer.concat(await Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name)))));
}

describe('flow-dc remove', () => {
  it('takes samples out for good: shards, tables, sums and card follow, and no run brings them back', async () => {
    const { origin, folder, out } = await downloaded('--dedupe', 'url');
    const list = join(folder, 'gone.txt');
    await writeFile(list, `http://${urls[1]}\r\nHTTP://A.test/6.jpg#x\n\nhttp://nobody.test/\n`);
    const dry = await runCli(['remove', out, '--urls', list, '--dry-run']);
    const size = urls.filter((_, i) => i === 1 || i === 6).reduce((sum, url) => sum + changingImage(url, 1).length, 0);
    const lines = [
      `remove: 2 samples (${size} B) leave 2 shards`,
      '1 of the given names are of no row',
      '3 URLs are not fetched again by any run of this job',
    ];
    expect(dry).toEqual({ code: 0, stdout: '', stderr: `${[...lines, 'dry run: nothing was changed'].join('\n')}\n` });
    const files = await readdir(out);
    await rename(`${out}.csv`, `${out}.away`);
    const refused = await runCli(['remove', out, '--urls', list]);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('FDC_ERR_MANIFEST_NOT_FOUND')]);
    expect(await readdir(out)).toEqual(files);
    await rename(`${out}.away`, `${out}.csv`);
    const removed = await runCli(['remove', out, '--urls', list, '--forget-urls']);
    expect(removed.code, removed.stderr).toBe(0);
    expect(removed.stderr).toContain(lines.join('\n'));
    expect(removed.stderr).toContain(`remove: done; flow-dc verify ${out} reads all of it back\n`);
    expect(origin.asked).toEqual([]);
    const verified = await runCli(['verify', out, '--input', `${out}.csv`]);
    expect(verified, verified.stdout).toMatchObject({ code: 0, stdout: '' });
    const [rows, all] = [await outcomesOf(out), await everything(folder)];
    const gone = rows.filter(({ code }) => code === 'removed');
    expect(gone.map(({ row }) => row)).toEqual([1, 6]);
    for (const row of gone)
      expect(row).toMatchObject({ status: 'skipped', url: null, owner: null, host: null, sha256: null, bytes: 0 });
    expect(rows.find(({ row }) => row === 12)).toMatchObject({ code: 'duplicate_url', url: null, owner: null });
    for (const [i, url] of urls.entries()) {
      const isGone = i === 1 || i === 6;
      expect(all.includes(changingImage(url, 1)), url).toBe(!isGone);
      expect(all.includes(`http://${url}`) || all.includes(`owner-${i}"`), url).toBe(!isGone);
    }
    expect(JSON.parse(await readFile(join(out, 'overview.json'), 'utf8')).summary).toMatchObject({
      ...{ total_urls: 13, successful_downloads: 10, skipped_downloads: 3, shutdown_requested: false },
    });
    expect(await readFile(join(out, 'README.md'), 'utf8')).toContain('| removed | 2 | no |');
    expect((await runCli(['retry', out, '--only', 'all'])).stderr).toContain('nothing to retry');
    // The table is what told that these rows are removed.
    await rm(join(out, '000000.parquet'));
    const repaired = await runCli(['repair', out]);
    expect([...origin.asked].sort()).toEqual([urls[0], urls[2], urls[3]]);
    const again = (await outcomesOf(out)).filter(({ code }) => code === 'removed');
    expect(again.map(({ row }) => row)).toEqual([1, 6]);
    for (const row of again) expect(row).toMatchObject({ url: null, owner: null, host: null });
    expect(repaired.stderr).not.toContain('http_');
    const extended = await runCli(['download', `${out}.csv`, '-o', out, '--extend', '--dry-run']);
    expect(extended.stderr).toContain('13 rows: 13 are here (already_stored 10; 3 removed), 0 are new\n');
  });

  it('that is killed is finished by a resume, of loose files as well', async () => {
    const { folder, out } = await downloaded('--output-format', 'imagefolder', '--no-create-tar');
    const kept = join(folder, 'kept');
    await mkdir(kept);
    const killed = await runCli(['remove', out, '--where', 'owner=owner-5'], { env: powerCutEnv(kept, out, 9) });
    expect(killed.code).toBe(null);
    await rm(kept, { recursive: true });
    expect((await runCli(['verify', out])).stderr).toContain('unfinished');
    const resumed = await runCli(['resume', out]);
    expect(resumed.stderr).toContain('a removal was cut short: the rest of its 1 sample is taken out now');
    expect(resumed.code, resumed.stderr).toBe(0);
    const verified = await runCli(['verify', out]);
    expect(verified, verified.stdout).toMatchObject({ code: 0, stdout: '' });
    const all = await everything(folder);
    expect(urls.map((url) => all.includes(changingImage(url, 1)))).toEqual(urls.map((_, i) => i !== 5));
  });

  it('refuses what it cannot do', async () => {
    const out = join(await tempFolder(), 'none');
    const said = async (...args: readonly string[]) => (await runCli(['remove', ...args])).stderr;
    expect(await said(out)).toContain('say what to take out: --urls FILE, --keys FILE or --where FILTER');
  });
});
