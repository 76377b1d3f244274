import { execFile } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { outcomesOf } from '../support/dataset.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { testS3Gateway } from '../support/s3-gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe('flow-dc demo', () => {
  it('stores, explains and verifies a dataset, and exits 0', async () => {
    const folder = await tempFolder();
    const result = await runCli(['demo', '-o', join(folder, 'demo')]);
    expect(result.code, result.stderr).toBe(0);
    expect(result.stdout).toContain('What became of the rows');
    expect(result.stdout).toContain('flow-dc download');
    expect(result.stderr).toContain('verified: 2,400 rows');
  });

  it('serves its hosts for other commands until it is interrupted, then exits 0', async () => {
    const folder = await tempFolder();
    const { child, done, stdout } = startCli(['demo', '--serve', '-o', join(folder, 'walk')]);
    onTestFinished(() => void child.kill('SIGKILL'));
    await vi.waitFor(() => expect(stdout()).toMatch(/--connect-to \S+\s/), { timeout: 60_000 });
    const connectTo = /--connect-to (\S+)/.exec(stdout())?.[1] ?? '';
    const manifest = join(folder, 'walk', 'manifest.jsonl');
    const dataset = join(folder, 'dataset');
    const { code, stderr } = await runCli([
      'download',
      manifest,
      '-o',
      dataset,
      '--limit',
      '300',
      '--connect-to',
      connectTo,
    ]);
    expect(code, stderr).toBe(0);
    child.kill('SIGINT');
    expect((await done).code).toBe(0);
  });

  it('says which port is taken', async () => {
    const origin = await testOrigin({});
    const result = await runCli([
      'demo',
      '--serve',
      '--port',
      String(origin.port),
      '-o',
      join(await tempFolder(), 'demo'),
    ]);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(`port ${origin.port} cannot be used (EADDRINUSE); choose another one with --port`);
  });
});

describe('an example', () => {
  it('chain.ts writes shards with four stages in a pipeline of its own', async () => {
    const folder = await tempFolder();
    const origin = await testOrigin({ meanBytes: 2000 });
    const manifest = join(folder, 'photos.csv');
    await writeFile(
      manifest,
      ['photo_url', ...Array.from({ length: 60 }, (_, i) => `http://h${i % 3}.test/${i}.jpg`)].join('\n'),
    );
    const { stdout } = await runExample('chain.ts', [manifest, join(folder, 'out')], origin.connectTo);
    expect(stdout).toContain('60 rows');
    expect(await outcomesOf(join(folder, 'out'))).toHaveLength(60);
  });

  it('into-a-store.ts uploads shards with their records, and leaves nothing here', async () => {
    const folder = await tempFolder();
    const origin = await testOrigin({ meanBytes: 2000 });
    const gateway = await testS3Gateway('s3rver');
    const manifest = join(folder, 'm.csv');
    await writeFile(manifest, ['url', ...Array.from({ length: 60 }, (_, i) => `http://h.test/${i}.jpg`)].join('\n'));
    const args = [manifest, 's3://bucket/photos'];
    const env = { ...gateway.env(), TMPDIR: folder };
    const { stdout } = await runExample('into-a-store.ts', args, origin.connectTo, '', env);
    expect(stdout).toBe('60 rows in s3://bucket/photos, 0 failed\n');
    const keys = (await gateway.objects('photos/')).map(({ key }) => key);
    expect(keys).toContain('photos/000000.tar');
    expect(keys.filter((key) => key.startsWith('photos/.flow-dc/units/'))).toHaveLength(1);
    expect((await readdir(folder)).filter((name) => name.startsWith('into-a-store-'))).toEqual([]);
  });

  it("own-rows.ts feeds somebody's slow database without losing a row, and sends each row's own header", async () => {
    const origin = await testOrigin({
      meanBytes: 2000,
      rules: [{ host: 'gone.test', behaviours: [{ kind: 'status', status: 404 }] }],
    });
    const rows = Array.from({ length: 80 }, (_, id) => ({
      id,
      photo: `http://${id % 8 === 0 ? 'gone' : 'ok'}.test/${id}.jpg`,
      token: `t${id}`,
    }));
    const { stdout, stderr } = await runExample(
      'own-rows.ts',
      [],
      origin.connectTo,
      rows.map((row) => JSON.stringify(row)).join('\n'),
    );
    const ids = rows.filter(({ id }) => id % 8 !== 0).map(({ id }) => id);
    expect(JSON.parse(stdout)).toEqual({ stored: ids.length, ids });
    expect(stderr).toContain('row 8: http_404');
  });
});

function runExample(
  name: string,
  args: readonly string[],
  connectTo: string,
  stdin = '',
  own: Readonly<Record<string, string>> = {},
): Promise<{ stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const command = [join(ROOT, 'node_modules', 'tsx', 'dist', 'cli.mjs'), join(ROOT, 'examples', name), ...args];
    const env = { ...process.env, ...own, CONNECT_TO: connectTo };
    const child = execFile(process.execPath, command, { cwd: ROOT, env }, (error, stdout, stderr) => {
      if (error !== null) reject(new Error(`${error.message}\n${stderr}`));
      else resolve({ stdout, stderr });
    });
    child.stdin?.end(stdin);
  });
}
