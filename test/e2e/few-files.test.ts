import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));

/** Scripts that a run of the program has loaded from files, in all of its threads. */
async function filesLoaded(args: readonly string[]): Promise<string[]> {
  const folder = join(await tempFolder(), 'coverage');
  await mkdir(folder);
  const { code, stderr } = await runCli([...args], { env: { NODE_V8_COVERAGE: folder } });
  expect(code, stderr).toBe(0);
  const reports = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')));
  const urls = reports.flatMap((text) => (JSON.parse(text) as { result: { url: string }[] }).result);
  return urls.flatMap(({ url }) => (url.startsWith('file:') ? [fileURLToPath(url)] : []));
}

it('a download loads the program in few files, and of what is bundled with it nothing twice', async () => {
  const origin = await testOrigin();
  const folder = await tempFolder();
  await writeFile(join(folder, 'manifest.csv'), 'url\nhttp://a.test/1.jpg');
  const args = ['download', join(folder, 'manifest.csv'), '-o', join(folder, 'out'), '--connect-to', origin.connectTo];
  const files = await filesLoaded(args);
  expect(files.filter((path) => path.startsWith(join(DIST, 'program'))).length).toBeGreaterThan(5);
  expect(files.length).toBeLessThan(150);
  expect(files.filter((path) => /\/node_modules\/(apache-arrow|ajv)\//.test(path))).toEqual([]);
});

it('what is bundled comes with its licences', async () => {
  const licences = await readFile(join(DIST, 'program', 'LICENSES.txt'), 'utf8');
  expect(licences).toMatch(/^ajv\n.*MIT License.*\napache-arrow\n.*Apache License.*\nflatbuffers\n.*\ntslib\n/s);
  const names = (await readdir(join(DIST, 'program'))).filter((name) => name.endsWith('.js'));
  for (const name of names) {
    const text = await readFile(join(DIST, 'program', name), 'utf8');
    expect(text, name).not.toMatch(/flow-dc-build|\/node_modules\/(?!\.\.)/);
  }
});
