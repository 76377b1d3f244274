import { describe, expect, it } from 'vitest';
import type { ReadManifestOptions } from '../../../../src/stages/manifest/read-manifest.ts';
import { readText } from './collect-rows.ts';

const [A, B] = ['http://a.x/1.jpg', 'http://a.x/2.jpg'];

async function read(content: string, options: ReadManifestOptions = {}, name = 'm.json') {
  const { rows, warnings } = await readText(name, content, options);
  return { rows: rows.map(({ at: _, ...row }) => row), warnings };
}

describe('JSON of one line', () => {
  const line = JSON.stringify({ id: 7, url: [A, B] });
  it.each(['', '\n'])('is a row where its name says that lines are (ending in %j)', async (end) => {
    const { rows, warnings } = await read(line + end, { urlColumn: 'url', explode: true }, 'm.jsonl');
    expect({ rows, warnings }).toEqual({
      rows: [
        { id: '7', url: A, url_index: 0 },
        { id: '7', url: B, url_index: 1 },
      ],
      warnings: [],
    });
  });

  it('is a table by columns where it says nothing', async () => {
    const { rows } = await read(line, { urlColumn: 'url' });
    expect(rows).toEqual([{ url: A }, { url: B }]);
  });
});

describe('lists of URLs in JSON', () => {
  it('by what they show are rows of name and url, long ones as well', async () => {
    const many = Array.from({ length: 3000 }, (_, i) => `${B}?${i}`);
    const { rows, warnings } = await read(JSON.stringify({ owl: many, cat: [A, null], dog: [], n: 3001 }));
    expect(rows).toEqual([
      ...many.map((url) => ({ label: 'owl', url })),
      { label: 'cat', url: A },
      { label: 'cat', url: null },
    ]);
    expect(warnings).toEqual([expect.stringMatching(/its lists of URLs are read one after the other/)]);
  });

  it.each([
    ['called as URLs are', { url: [A, B], thumb_url: [B, A] }],
    ['beside others', { front: [A, B], back: [B, A], id: [1, 2] }],
  ])('%s are columns', async (_what, columns) => {
    const { rows } = await read(JSON.stringify(columns));
    expect(rows).toHaveLength(2);
    expect(Object.keys(rows[0] ?? {})).toEqual(Object.keys(columns));
  });

  it('of objects beside the one that is read are named', async () => {
    const far = Array.from({ length: 3000 }, (_, i) => ({ url: `${A}?${i}` }));
    for (const train of [[{ url: A }], far]) {
      const all = { train, n: [{ n: 1 }], val: [{ url: B }], licenses: [{ url: B }] };
      const { rows, warnings } = await read(JSON.stringify(all));
      expect(rows).toHaveLength(train.length);
      expect(warnings.at(-1)).toMatch(/: other lists in it have URLs as well, and are not read: val$/);
      expect((await read(JSON.stringify(all), { rowsAt: 'val' })).warnings).toEqual([]);
    }
  });
});
