import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { clusterTrial } from '../support/cluster-cli.ts';
import { outcomesOf } from '../support/dataset.ts';
import { describeNats, startNatsServer } from '../support/nats-server.ts';
import { runCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

/** 90 rows with 60 URLs: every third row has the URL of the one two before it. */
const urls = Array.from({ length: 90 }, (_, row) => {
  const at = row % 3 === 2 ? row - 2 : row;
  return `http://h${at % 2}.test/p/${at}.jpg`;
});

it.for(['1', '2'])(
  'with --dedupe url every URL is asked for once, and every row has its line: %s threads',
  async (n) => {
    const origin = await testOrigin({ meanBytes: 2000 });
    const folder = await tempFolder();
    const manifest = join(folder, 'm.csv');
    await writeFile(manifest, `url,word\n${urls.map((url, row) => `${url},w${row}`).join('\n')}\n`);
    const out = join(folder, 'out');
    const rest = ['--connect-to', origin.connectTo, '--progress', 'off', '--shard-size', '20', '--threads', n];
    const done = await runCli(['download', manifest, '-o', out, '--dedupe', 'url', ...rest]);
    expect(done.code, done.stderr).toBe(0);
    expect(done.stderr).toMatch(/ 30 +duplicate_url/);
    expect([...origin.stats().values()].reduce((sum, { requests }) => sum + requests, 0)).toBe(60);
    const rows = await outcomesOf(out);
    expect(rows).toHaveLength(90);
    for (const { row, word, status, code, duplicate_of: first, attempts } of rows) {
      const isCopy = Number(row) % 3 === 2;
      expect([word, status, code, first, attempts]).toEqual(
        isCopy ? [`w${row}`, 'skipped', 'duplicate_url', Number(row) - 2, 0] : [`w${row}`, 'fetched', null, null, 1],
      );
    }
    expect(await runCli(['verify', out, '--manifest', manifest])).toMatchObject({ code: 0, stdout: '' });
    if (n === '2') return;
    expect((await runCli(['retry', out, '--only', 'all'])).stderr).toContain('nothing to retry');
    const other = await runCli(['download', manifest, '-o', out, ...rest]);
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('dedupe was "url", is now "none"')]);
    const piped = await runCli(['download', '-', '-o', `${out}2`, '--dedupe', 'url'], { stdin: `url\n${urls[0]}\n` });
    expect([piped.code, piped.stderr]).toEqual([2, expect.stringContaining('write it to a file and name that')]);
  },
);

describeNats('over a server', () => {
  it('does the same for all workers', async () => {
    const server = await startNatsServer();
    onTestFinished(() => server.close());
    const trial = await clusterTrial({ nats: server.url, rows: 1, shardSize: 20 });
    const lines = urls.map((url) => url.replace(/h[01]/, (host) => (host === 'h0' ? 'a' : 'b')));
    await writeFile(trial.manifest, `url,label\n${lines.map((url) => `${url},l`).join('\n')}\n`);
    const submit = trial.submit(trial.path('out'), '--dedupe', 'url');
    const worker = trial.worker('--idle-timeout', '3');
    expect((await submit.done).code, submit.stderr()).toBe(0);
    worker.child.kill('SIGTERM');
    await worker.done;
    const rows = await outcomesOf(trial.path('out'));
    expect(rows).toHaveLength(90);
    expect(rows.filter(({ code }) => code === 'duplicate_url')).toHaveLength(30);
  });
});
