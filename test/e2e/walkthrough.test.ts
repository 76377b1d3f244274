import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { writeLaionLike } from '../support/laion-like.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

it('docs/walkthrough.md can be followed command by command', async () => {
  const folder = await tempFolder();
  const blocks = await blocksOf('walkthrough.md');
  expect(blocks.length).toBeGreaterThan(8);
  const script = blocks.join('\n').replaceAll('8099', String(await freePort()));
  const { code, stdout, stderr } = await runScript(folder, `set -eu\ntrap 'kill %1' EXIT\n${script}`);
  expect(code, `${stdout}\n${stderr}`).toBe(0);
  expect(stderr).toContain('verified: 2,400 rows');
  expect(stdout.match(/^\d+ rows, \d hosts$/gm)).toHaveLength(4);
  expect(stdout).toContain('000000.tar');
  expect(stderr.match(/^FLOW-DC keys in this file: \d+$/gm)?.length).toBeGreaterThanOrEqual(2);
  expect(stdout).toMatch(/\d+ images in the first shard/);
  expect(await readFile(join(folder, 'walk', 'report.html'), 'utf8')).toContain('<!doctype html>');
});

it.each([
  ['from-img2dataset', 'flow-dc download photos.parquet -o dataset --threads 4 --compat img2dataset --url URL'],
  ['from-flow-dc', 'flow-dc.json: ok'],
])('docs/%s.md: its blocks run, and fetch nothing', async (name, printed) => {
  const folder = await tempFolder();
  await writeLaionLike(join(folder, 'photos.parquet'), 100);
  const script = (await blocksOf(`${name}.md`)).join('\n');
  const { code, stdout, stderr } = await runScript(folder, `set -eu\n${script}`);
  expect(code, `${stdout}\n${stderr}`).toBe(0);
  expect(stdout).toContain(printed);
  expect(stderr).toContain('dry run: nothing was fetched or written');
  expect(await readdir(folder)).not.toContain('dataset');
});

async function blocksOf(page: string): Promise<string[]> {
  const text = await readFile(join(ROOT, 'docs', page), 'utf8');
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block as string);
}

/** As a user's shell runs it: `flow-dc` is on the path, and stands for the built program. */
async function runScript(folder: string, script: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await writeFile(
    join(bin, 'flow-dc'),
    `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, 'dist', 'cli', 'main.js')}' "$@"\n`,
  );
  await chmod(join(bin, 'flow-dc'), 0o755);
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  return new Promise((resolve) => {
    execFile('bash', ['-c', script], { cwd: folder, env, maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    });
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
