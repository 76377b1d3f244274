import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { changingImage, changingOrigin } from '../support/changing-origin.ts';
import { runCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';

const urls = Array.from({ length: 12 }, (_, i) => `${i % 2 === 0 ? 'tags' : 'plain'}.test/${i}.jpg`);

async function downloaded(...flags: readonly string[]) {
  const origin = await changingOrigin();
  const out = join(await tempFolder(), 'out');
  await writeFile(`${out}.csv`, `url,caption\n${urls.map((url) => `http://${url},of ${url}`).join('\n')}\n`);
  const shape = ['--shard-size', '4', '--connect-to', origin.connectTo, '--progress', 'off', '--law', 'fixed'];
  const tries = ['--max-retry-attempts', '1', '--retry-backoff-sec', '0.01'];
  const first = await runCli(['download', `${out}.csv`, '-o', out, ...shape, ...tries, ...flags]);
  expect(first.code, first.stderr).toBe(0);
  origin.asked.length = 0;
  return { origin, out };
}

describe('flow-dc refresh', () => {
  it('asks the URL that gave the bytes where a row has several', async () => {
    const origin = await changingOrigin();
    const out = join(await tempFolder(), 'out');
    origin.statuses.set('plain.test/1.jpg', 404);
    await writeFile(`${out}.csv`, 'one,two\nhttp://plain.test/1.jpg,http://tags.test/2.jpg\n');
    const rest = ['--connect-to', origin.connectTo, '--progress', 'off'];
    expect((await runCli(['download', `${out}.csv`, '-o', out, '--url', 'one,two', ...rest])).code).toBe(0);
    const again = await runCli(['refresh', out, '--json']);
    expect(JSON.parse(again.stdout).verdicts).toEqual({ same: 1, changed: 0, gone: 0, failed: 0 });
  });

  it('says what has changed, what is gone and what is the same, and leaves the dataset alone', async () => {
    const labels = ['--label', 'caption', '--require-label', '--output-format', 'webdataset'];
    const { origin, out } = await downloaded(...labels);
    const sums = await readFile(join(out, 'SHA256SUMS'), 'utf8');
    origin.versions.set('tags.test/0.jpg', 2).set('plain.test/1.jpg', 2);
    origin.statuses.set('tags.test/2.jpg', 404).set('plain.test/3.jpg', 410);
    origin.statuses.set('tags.test/4.jpg', 403).set('plain.test/5.jpg', 0);
    const refreshed = await runCli(['refresh', out, '-o', `${out}-diff.csv`]);
    expect(refreshed).toMatchObject({
      code: 0,
      stdout: [
        `refresh of ${out}: 12 samples asked for`,
        '  same     6',
        '  changed  2',
        '  gone     2',
        '  failed   2',
        '  of those that failed nothing is known now: http_403 1, reset 1\n',
      ].join('\n'),
      stderr: `12 rows: ${out}-diff.csv\n`,
    });
    expect(origin.asked.filter((url) => url.endsWith(' 304')).sort()).toEqual(
      ['tags.test/10.jpg 304', 'tags.test/6.jpg 304', 'tags.test/8.jpg 304'].sort(),
    );
    const [head, ...lines] = (await readFile(`${out}-diff.csv`, 'utf8')).trim().split('\n');
    expect(head).toBe(
      'key,row,url,verdict,code,http_status,old_etag,new_etag,old_last_modified,new_last_modified,old_sha256,new_sha256',
    );
    const verdictOf = (url: string) => lines.find((line) => line.includes(`http://${url},`))?.split(',')[3];
    expect(urls.slice(0, 7).map(verdictOf)).toEqual([
      ...['changed', 'changed', 'gone', 'gone', 'failed', 'failed', 'same'],
    ]);
    expect(await readFile(join(out, 'SHA256SUMS'), 'utf8')).toBe(sums);
    const some = await runCli(['refresh', out, '--where', 'host=tags.test', '--json']);
    expect(JSON.parse(some.stdout)).toEqual({
      ...{ rows: 6, verdicts: { same: 3, changed: 1, gone: 1, failed: 1 }, failures: { http_403: 1 }, isCut: false },
    });
  });

  it('replaces what has changed, so that every row has one sample, the new one', async () => {
    const { origin, out } = await downloaded();
    origin.versions.set('tags.test/0.jpg', 2).set('plain.test/1.jpg', 2);
    await rename(`${out}.csv`, `${out}.away`);
    const files = await readdir(out);
    const refused = await runCli(['refresh', out, '--apply']);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('FDC_ERR_MANIFEST_NOT_FOUND')]);
    expect([await readdir(out), origin.asked]).toEqual([files, []]);
    await rename(`${out}.away`, `${out}.csv`);
    const applied = await runCli(['refresh', out, '--apply']);
    expect(applied.code, applied.stderr).toBe(0);
    expect(applied.stdout).toContain('  changed  2\n');
    expect(applied.stderr).toContain('refresh: 2 samples have left their shards, and are fetched anew\n');
    expect(applied.stderr).toContain('2 of 2 rows are fetched now\n');
    const names = (await readdir(out)).filter((name) => name.endsWith('.tar'));
    const tars = Buffer.concat(await Promise.all(names.map((name) => readFile(join(out, name)))));
    for (const [i, url] of urls.entries()) {
      expect(tars.includes(changingImage(url, 1)), url).toBe(i > 1);
      expect(tars.includes(changingImage(url, 2)), url).toBe(i <= 1);
    }
    const verified = await runCli(['verify', out]);
    expect(verified, verified.stdout).toMatchObject({ code: 0, stdout: '' });
    expect(verified.stderr).toContain('12 samples');
    const again = await runCli(['refresh', out]);
    expect(again.stdout).toContain('  same    12\n');
  });
});
