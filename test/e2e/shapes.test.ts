import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it, onTestFinished } from 'vitest';
import { clusterTrial } from '../support/cluster-cli.ts';
import { outcomesOf } from '../support/dataset.ts';
import { describeNats, startNatsServer } from '../support/nats-server.ts';
import { runCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

it('several URLs of a cell are rows for every command, each once with dedupe', async () => {
  const origin = await testOrigin({ meanBytes: 500 });
  const folder = await tempFolder();
  const manifest = join(folder, 'multimedia.csv');
  const url = (row: number) => `http://h${row % 2}.test/${row}.jpg`;
  const lines = Array.from({ length: 10 }, (_, row) => `${row},${url(row)}|${url(row + 10)}|${url(row)}`);
  await writeFile(manifest, `id,associatedMedia\n${lines.join('\n')}\n10,\n`);
  const out = join(folder, 'out');
  const rest = ['--connect-to', origin.connectTo, '--progress', 'off'];
  const asked = ['--explode', '--key-col', 'id', '--dedupe', 'url', '--shard-size', '8'];
  const plain = await runCli(['inspect', manifest]);
  expect(plain.stdout + plain.stderr).toMatch(/associatedMedia holds 3 URLs in row 0.*--explode/);
  const looked = await runCli(['inspect', manifest, '--explode', '--json']);
  expect(JSON.parse(looked.stdout)).toMatchObject({ rows: 31 });
  const done = await runCli(['download', manifest, '-o', out, ...asked, ...rest]);
  expect(done.code, done.stderr).toBe(0);
  const rows = (await outcomesOf(out)).sort((a, b) => Number(a.row) - Number(b.row));
  expect(rows).toHaveLength(31);
  expect(new Set(rows.map(({ key }) => key)).size).toBe(31);
  expect(rows.slice(0, 3)).toMatchObject([
    { key: '0_0', row: 0, source_row: 0, url: url(0), id: '0', url_index: 0, status: 'fetched' },
    { key: '0_1', row: 1, source_row: 0, url: url(10), id: '0', url_index: 1, status: 'fetched' },
    { key: '0_2', row: 2, source_row: 0, url: url(0), url_index: 2, code: 'duplicate_url', duplicate_of: 0 },
  ]);
  expect(rows[30]).toMatchObject({ key: '10', source_row: 10, url: null, url_index: null, code: 'invalid_url' });
  expect(await runCli(['verify', out, '--manifest', manifest])).toMatchObject({ code: 0, stdout: '' });
  expect((await runCli(['download', manifest, '-o', out, ...rest, ...asked])).stderr).toMatch(/nothing to do/);
  const other = await runCli(['download', manifest, '-o', out, ...rest, ...asked.slice(1)]);
  expect([other.code, other.stderr]).toEqual([2, expect.stringMatching(/explode was true, is now false|key_col was/)]);
  const parts = join(folder, 'parts');
  const cut = await runCli(['partition', manifest, '--explode', '--partitions', '2', '-o', parts]);
  expect(cut.code, cut.stderr).toBe(0);
  const written = (await readdir(parts)).filter((name) => /^\d/.test(name) || name.endsWith('.parquet'));
  expect((await runCli(['inspect', ...written.map((name) => join(parts, name)), '--json'])).stdout).toMatch(
    /"rows": ?31/,
  );
});

it('URLs that a template makes are those of the job, its resume and its check', async () => {
  const origin = await testOrigin({ meanBytes: 500 });
  const folder = await tempFolder();
  const manifest = join(folder, 'photos.csv.gz');
  const lines = Array.from({ length: 12 }, (_, row) => `u${row}\t${row}\to${row}\t${row === 5 ? '' : 'jpg'}`);
  await writeFile(manifest, gzipSync(`photo_uuid\tphoto_id\tobservation_uuid\textension\n${lines.join('\n')}\n`));
  const out = join(folder, 'out');
  const template = ['--url-template', 'http://photos.test/photos/{photo_id}/medium.{extension}'];
  const rest = [
    ...template,
    '--connect-to',
    origin.connectTo,
    '--progress',
    'off',
    '--threads',
    '2',
    '--shard-size',
    '4',
  ];
  const done = await runCli(['download', manifest, '-o', out, ...rest]);
  expect(done.code, done.stderr).toBe(0);
  const rows = await outcomesOf(out);
  expect(rows.filter(({ status }) => status === 'fetched')).toHaveLength(11);
  expect(rows.find(({ row }) => Number(row) === 5)).toMatchObject({
    code: 'bad_row',
    message: 'row 5 has no extension, which url_template asks for',
  });
  expect(rows.find(({ row }) => Number(row) === 7)?.url).toBe('http://photos.test/photos/7/medium.jpg');
  expect(await runCli(['verify', out, '--manifest', manifest])).toMatchObject({ code: 0, stdout: '' });
  expect((await runCli(['resume', out])).stderr).toMatch(/nothing to do/);
  const settings = JSON.parse(await readFile(join(out, '.flow-dc', 'job.json'), 'utf8'));
  expect(settings.identity.urlTemplate).toBe(template[1]);
});

describeNats('over a server', () => {
  it('mirrors travel with their rows', async () => {
    const server = await startNatsServer();
    onTestFinished(() => server.close());
    const trial = await clusterTrial({ nats: server.url, rows: 1, shardSize: 5 });
    const lines = Array.from({ length: 20 }, (_, row) => `ftp://b.test/${row}.jpg,http://a.test/${row}.jpg`);
    await writeFile(trial.manifest, `one,two\n${lines.join('\n')}\n`);
    const submit = trial.submit(trial.path('out'), '--url', 'one,two');
    const worker = trial.worker('--idle-timeout', '3');
    expect((await submit.done).code, submit.stderr()).toBe(0);
    worker.child.kill('SIGTERM');
    await worker.done;
    const rows = await outcomesOf(trial.path('out'));
    expect(rows.map(({ status, host, flags }) => [status, host, [...(flags as never)]])).toEqual(
      lines.map(() => ['fetched', 'a.test', ['mirror']]),
    );
  });
});
