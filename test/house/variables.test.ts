import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { globSync } from 'tinyglobby';
import { describe, expect, it } from 'vitest';
import { readImports } from './house.ts';

const ROOT = join(import.meta.dirname, '../..');
const NAME = /\bFLOW_DC_[A-Z_]*[A-Z]\b/g;

describe('a variable of the environment', () => {
  it('that a message or a page names is one that is read', async () => {
    const sources = [...(await readImports()).keys()].map((path) => readFileSync(join(ROOT, 'src', path), 'utf8'));
    const read = new Set(
      sources.flatMap((text) =>
        [...text.matchAll(/(?:env(?:ironment)?\??\.|env\[')(FLOW_DC_[A-Z_]+)|'(FLOW_DC_[A-Z_]+)'/g)].map(
          ([, dotted, quoted]) => dotted ?? quoted,
        ),
      ),
    );
    const pages = [...globSync('docs/*.md', { cwd: ROOT }), 'README.md'].map((path) =>
      readFileSync(join(ROOT, path), 'utf8'),
    );
    const named = new Set([...sources, ...pages].flatMap((text) => text.match(NAME) ?? []));
    named.delete('FLOW_DC_KEYS');
    expect([...named].filter((name) => !read.has(name))).toEqual([]);
    expect(read.size).toBeGreaterThan(5);
  });
});
