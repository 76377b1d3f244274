import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { outcomesOf } from '../support/dataset.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

const row = (at: number): string => `http://h${at % 3}.test/p/${at}.jpg,l${at % 2}`;
const csv = (rows: readonly string[], end = '\n'): string => ['url,label', ...rows].map((line) => line + end).join('');
const rowsTo = (end: number): string[] => Array.from({ length: end }, (_, at) => row(at));

async function trial(latencyMs = 0) {
  const origin = await testOrigin({
    rules: [{ behaviours: [{ kind: 'latency', meanMs: latencyMs }] }],
    meanBytes: 1500,
  });
  const folder = await tempFolder();
  const [manifest, out] = [join(folder, 'm.csv'), join(folder, 'out')];
  const download = [
    ...['download', manifest, '-o', out, '--connect-to', origin.connectTo, '--progress', 'off', '--shard-size', '20'],
    ...['--law', 'fixed', '--per-host-concurrency', '4', '--threads', '1'],
  ];
  const asked = (): number => [...origin.stats().values()].reduce((sum, { requests }) => sum + requests, 0);
  return { origin, manifest, out, download, asked };
}

describe('the same command with a manifest that was written anew', () => {
  it('goes on with what is settled after the rows were mended, saved in another way, and more of them appended', async () => {
    const { manifest, out, download, asked } = await trial(15);
    const broken = rowsTo(200).map((line, at) => (at === 7 ? 'not a url,l1' : line));
    await writeFile(manifest, csv(broken));
    const running = startCli([...download, '--open-units', '2']);
    await vi.waitFor(() => expect(asked()).toBeGreaterThan(90), { timeout: 20_000, interval: 5 });
    // On a busy machine the first unit is committed later than that.
    await vi.waitFor(async () => expect(await outcomesOf(out)).not.toEqual([]), { timeout: 20_000, interval: 5 });
    running.child.kill('SIGKILL');
    await running.done;
    const settled = (await outcomesOf(out)).length;
    const before = asked();
    await writeFile(manifest, csv(rowsTo(230), '\r\n'));
    const ended = await runCli(download);
    expect(ended.code, ended.stderr).toBe(0);
    const rows = await outcomesOf(out);
    expect(asked() - before).toBeLessThanOrEqual(230 - settled + 1);
    const fetched = rows.filter(({ status }) => status === 'fetched').map((one) => Number(one.row));
    expect(fetched.sort((a, b) => a - b)).toEqual(rowsTo(230).map((_, at) => at));
    for (const { row: at, url } of rows) if (at !== 7) expect(url).toBe(row(Number(at)).split(',')[0]);
    const verified = await runCli(['verify', out, '--manifest', manifest]);
    expect(verified, verified.stderr).toMatchObject({ code: 0, stdout: '' });
  });

  it('takes appended rows into a finished dataset, and refuses other rows with what can be done', async () => {
    const { manifest, out, download, asked } = await trial();
    await writeFile(manifest, csv(rowsTo(50).toSpliced(5, 1, 'not a url,l1')));
    expect((await runCli(download)).code).toBe(0);
    await writeFile(manifest, csv(rowsTo(75)));
    const more = await runCli(download);
    expect(more.code, more.stderr).toBe(0);
    expect(asked()).toBe(75);
    expect(more.stderr).toContain('done: 75 of 75 rows fetched');
    expect(await outcomesOf(out)).toHaveLength(76);
    expect(await runCli(['verify', out, '--manifest', manifest])).toMatchObject({ code: 0, stdout: '' });
    await writeFile(manifest, csv(rowsTo(75).toSpliced(3, 1, row(500))));
    const other = await runCli(download);
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('row 3 has another URL; add what it has')]);
    await writeFile(manifest, csv(rowsTo(60)));
    const fewer = await runCli(['resume', out]);
    expect([fewer.code, fewer.stderr]).toEqual([2, expect.stringContaining('row 60 is not there any more')]);
    expect(asked()).toBe(75);
  });
});
