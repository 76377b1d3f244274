import { execFile } from 'node:child_process';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { outcomesOf } from '../support/dataset.ts';
import { runCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const SECRETS = ['s3cret', 'tok3n', 'ot6er'];
const QUERIES = ['sig=q1', 'sig=q2'];

/** Answers everything, `/r...` by way of a redirect with a user and a query of its own. */
async function manifestOf(folder: string): Promise<{ manifest: string; port: number }> {
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/r') === true)
      response.writeHead(302, { location: `http://bob:tok3n@127.0.0.1:${port}/moved?sig=q2` }).end();
    else response.end('some text');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const manifest = join(folder, 'm.jsonl');
  const rows = ['p', 'r'].map((path) => ({
    image_url: `http://eve:s3cret@127.0.0.1:${port}/${path}?sig=q1`,
    caption: 'a caption',
    thumbnail: `https://eve:ot6er@127.0.0.1/${path}`,
  }));
  await writeFile(manifest, rows.map((row) => JSON.stringify(row)).join('\n'));
  return { manifest, port };
}

/** Every byte of a folder of loose files or shards, tables decoded. */
async function everythingIn(out: string, state: string): Promise<string> {
  const names = (await readdir(out, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const files = await Promise.all(names.map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1')));
  return files.join('\n') + JSON.stringify([await outcomesOf(out), await outcomesOf(state)]);
}

describe('what a dataset publishes', () => {
  it.for<[string[], string[], string[]]>([
    [[], QUERIES, SECRETS],
    [['--redact-query'], [], [...SECRETS, ...QUERIES]],
    [['--keep-credentials'], [...SECRETS, ...QUERIES], []],
    [['--no-create-tar', '--redact-query'], [], [...SECRETS, ...QUERIES]],
  ])('with %j has %j in it, and nowhere %j', async ([flags, there, absent]) => {
    const folder = await tempFolder();
    const { manifest } = await manifestOf(folder);
    const out = join(folder, 'out');
    const around = ['--allow-private', '127.0.0.1', '--expect-content', 'any', '--label', 'caption'];
    const format = flags.includes('--no-create-tar') ? 'imagefolder' : 'webdataset';
    const run = await runCli(['download', manifest, '-o', out, '--output-format', format, ...around, ...flags]);
    expect(run.code, run.stderr).toBe(0);
    const text = await everythingIn(out, flags.includes('--no-create-tar') ? `${out}.flow-dc` : out);
    for (const word of there) expect(text, word).toContain(word);
    for (const word of absent) expect(text, word).not.toContain(word);
    expect(await runCli(['verify', out, '--input', manifest])).toMatchObject({ code: 0, stdout: '' });
  });

  it.for<[string, string[]]>([
    ['in names and keys', ['--key-col', 'page']],
    ['in captions and in KEY.json', ['--caption-col', 'page', '--label', 'page', '--output-format', 'webdataset']],
    ['in names of folders', ['--no-create-tar', '--label', 'page']],
  ])('has no secret %s, whichever column they are made of', async ([, flags]) => {
    const folder = await tempFolder();
    const { port } = await manifestOf(folder);
    const host = `127.0.0.1:${port}`;
    const manifest = join(folder, 'm.csv');
    const pages = [
      `http://eve:s3cret@${host}/a?sig=q1`,
      `see http://eve:s3cret@${host}/a?sig=q1 twice`,
      `eve:tok3n@${host}/a?sig=q2`,
      `//eve:ot6er@${host}/a?sig=q2`,
    ];
    const urls = [`http://${host}/p`, `http://eve:s3/cret@${host}/p`, `http://eve:s#3cret@${host}/p?sig=q1`];
    const rows = pages.map((page, at) => `${urls[at] ?? `http://${host}/${at}`},${page}`);
    await writeFile(manifest, ['url,page', ...rows].join('\n'));
    const out = join(folder, 'out');
    const around = ['--allow-private', '127.0.0.1', '--expect-content', 'any', '--redact-query'];
    const run = await runCli(['download', manifest, '-o', out, ...around, ...flags]);
    expect(run.code, run.stderr).toBe(0);
    const names = await readdir(folder, { recursive: true });
    const text =
      (await everythingIn(out, flags.includes('--no-create-tar') ? `${out}.flow-dc` : out)) + names.join('\n');
    for (const word of [...SECRETS, ...QUERIES, '3/cret', 's#3', 'sig=']) expect(text, word).not.toContain(word);
    expect(await runCli(['verify', out, '--input', manifest])).toMatchObject({ code: 0 });
    const other = await runCli(['download', manifest, '-o', out, ...around.slice(0, -1), ...flags]);
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining('redact_query was true, is now false') });
  });

  it('is not what messages, inspect or config show print either', async () => {
    const folder = await tempFolder();
    const { manifest } = await manifestOf(folder);
    const bare = join(folder, 'bare.csv');
    await writeFile(bare, 'http://eve:s3cret@127.0.0.1/p?sig=q1\nhttp://eve:s3cret@127.0.0.1/q?sig=q2\n');
    const right = join(folder, 'right.json');
    const hosts = { 'x.test': { headers: ['x-key: s3cret'] } };
    await writeFile(right, JSON.stringify({ header: ['authorization: tok3n'], hosts, nats: 'nats://a:ot6er@h' }));
    const wrong = join(folder, 'wrong.json');
    await writeFile(wrong, JSON.stringify({ header: ['Bearer s3cret'], hosts: { x: { headers: ['tok3n'] } } }));
    for (const args of [
      ['inspect', manifest],
      ['inspect', manifest, '--json'],
      ['inspect', bare, '--url', 'zz'],
      ['download', manifest, '-o', join(folder, 'out'), '-H', 'Bearer s3cret'],
      ['download', manifest, '-o', join(folder, 'out'), '--allow-private', 'http://u:s3cret@h'],
      ['download', manifest, '-o', join(folder, 'out'), '--connect-to', 'http://u:s3cret@h'],
      ['download', 'http://eve:s3cret@h/list.csv?sig=q1', '-o', join(folder, 'out')],
      ['config', 'check', wrong],
      ['config', 'show', right],
      ['http://eve:s3cret@h/list.csv?sig=q1'],
    ]) {
      const { stdout, stderr } = await runCli(args);
      expect(stdout + stderr, args.join(' ')).not.toMatch(/s3cret|tok3n|ot6er|sig=/);
      expect(stdout + stderr, args.join(' ')).not.toBe('');
    }
  });

  it('lies in files and folders that follow the umask', async () => {
    const folder = await tempFolder();
    const { manifest } = await manifestOf(folder);
    const flags = '--allow-private 127.0.0.1 --expect-content any';
    for (const [umask, open] of [
      ['077', 0],
      ['007', 0o060],
    ] as const) {
      const out = join(folder, `out-${umask}`);
      const command = `umask ${umask}; exec "${process.execPath}" "${MAIN}" download "${manifest}" -o "${out}" ${flags}`;
      await promisify(execFile)('sh', ['-c', command]);
      for (const name of ['', ...(await readdir(out, { recursive: true }))]) {
        const { mode } = await stat(join(out, name));
        expect(`${name} ${(mode & 0o077 & ~0o011).toString(8)}`).toBe(`${name} ${open.toString(8)}`);
      }
    }
  });
});

describe('a manifest behind a signed URL', () => {
  it('leaves neither its password nor its signature anywhere', async () => {
    const folder = await tempFolder();
    const rows = ['url', ...[1, 2, 3].map((i) => `http://127.0.0.1:PORT/${i}.jpg`)].join('\n');
    const server = createServer((request, response) => {
      const { port } = server.address() as AddressInfo;
      response.end(request.url?.startsWith('/s.csv') === true ? rows.replaceAll('PORT', String(port)) : 'some text');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const input = `http://me:s3cretPW@127.0.0.1:${port}/s.csv?X-Amz-Signature=s1gSIG`;
    const [out, log] = [join(folder, 'out'), join(folder, 'log')];
    const more = ['--allow-private', '127.0.0.1', '--expect-content', 'any', '--log-file', log, '--log-level', 'trace'];
    const run = await runCli(['download', input, '-o', out, ...more]);
    expect(run.code, run.stderr).toBe(0);
    const page = join(folder, 'page.html');
    const report = await runCli(['report', out, '--html', page]);
    const others = await Promise.all([log, page].map((file) => readFile(file, 'utf8')));
    const all = [await everythingIn(out, out), ...others, run.stdout, run.stderr, report.stdout, report.stderr];
    expect(all.join('\n')).toContain('/s.csv');
    for (const word of ['s3cretPW', 's1gSIG']) expect(all.join('\n'), word).not.toContain(word);
  });
});
