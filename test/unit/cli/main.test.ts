import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const [MAIN, PROGRAM] = ['main.ts', 'program.ts'].map(
  (name) => new URL(`../../../src/cli/${name}`, import.meta.url),
) as [URL, URL];

/** What is loaded with a file before anything runs: imports by `import(...)` are not, and types are no code. */
async function loadedWith(file: URL, seen = new Map<string, string[]>()): Promise<Map<string, string[]>> {
  if (seen.has(file.href)) return seen;
  const text = await readFile(file, 'utf8');
  const names = [...text.matchAll(/^(?:import|export)\s+(?!type\b)[^;'"]*?from\s*'([^']+)';/gm)].map(
    ([, name = '']) => name,
  );
  seen.set(file.href, names);
  for (const name of names.filter((target) => target.startsWith('.'))) await loadedWith(new URL(name, file), seen);
  return seen;
}

describe('the program', () => {
  it('starts without any package, so that --version and a wrong name are answered at once', async () => {
    const loaded = new Map([...(await loadedWith(MAIN)), ...(await loadedWith(PROGRAM))]);
    expect([...loaded.keys()].map((url) => fileURLToPath(url))).toContain(
      fileURLToPath(new URL('terminal/process.ts', MAIN)),
    );
    expect(loaded.size).toBeLessThan(16);
    expect([...loaded.values()].flat().filter((name) => !/^(\.|node:)/.test(name))).toEqual([]);
  });

  it('has a front door that loads next to nothing, and knows the least Node of the package', async () => {
    expect((await loadedWith(MAIN)).size).toBeLessThan(6);
    const { engines } = JSON.parse(await readFile(new URL('../../package.json', MAIN), 'utf8')) as {
      engines: { node: string };
    };
    expect(await readFile(MAIN, 'utf8')).toContain(`LEAST = [${engines.node.slice(2).replace('.', ', ')}]`);
  });
});
