import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { globSync } from 'tinyglobby';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

describe('a module that is loaded when it is needed', () => {
  it('is loaded beforehand where few files may be open', () => {
    const lazy = globSync('src/**/*.ts', { cwd: ROOT }).flatMap((path) =>
      [...textOf(path).matchAll(/\bimport\(\s*'([^']+)'\s*\)/g)].map(([, name = '']) => name.replace(/^.*\//, '')),
    );
    const listed = [...textOf('src/every-module.ts').matchAll(/^import '([^']+)'/gm)].map(([, name = '']) =>
      name.replace(/^.*\//, ''),
    );
    expect(lazy.length).toBeGreaterThan(10);
    expect([...new Set(lazy)].sort()).toEqual(listed.sort());
  });
});
