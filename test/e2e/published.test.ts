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
