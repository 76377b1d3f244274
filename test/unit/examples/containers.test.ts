import { readdir, readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { parseFlags } from '../../../src/cli/args/flags.ts';

const fileOf = (path: string): Promise<string> => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8');

it('the commands of compose.yaml are command lines of flow-dc', async () => {
  const services = (await fileOf('examples/cluster/compose.yaml')).split(/^ {2}(?=\w+:$)/m);
  const commands = services
    .filter((service) => service.includes('build:'))
    .map((service) =>
      /command:\s+\[(.*)\]/
        .exec(service)?.[1]
        ?.split(', ')
        .map((word) => word.replace(/^"|"$/g, '')),
    );
  expect(commands.map((words) => words?.[0])).toEqual(['submit', 'worker']);
  for (const words of commands) {
    const [name, ...rest] = words as ['submit' | 'worker', ...string[]];
    expect(() => parseFlags(rest, { command: name })).not.toThrow();
  }
});

it('what is built into the image is all that is packed', async () => {
  const taken = (await fileOf('.dockerignore')).split('\n').flatMap((line) => line.match(/^!([^*]+)/)?.[1] ?? []);
  const { files } = JSON.parse(await fileOf('package.json')) as { files: string[] };
  expect(files.filter((name) => name !== 'dist' && !taken.includes(name))).toEqual([]);
  expect(taken).toEqual(expect.arrayContaining(['src', 'scripts', 'package-lock.json', 'README.md', 'LICENSE']));
});

it('every man page is installed with the package', async () => {
  const { man } = JSON.parse(await fileOf('package.json')) as { man: string[] };
  const pages = await readdir(new URL('../../../man', import.meta.url));
  expect(man).toEqual(pages.sort().map((name) => `./man/${name}`));
});
