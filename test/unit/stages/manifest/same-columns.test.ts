import { describe, expect, it } from 'vitest';
import type { ReadManifestOptions } from '../../../../src/stages/manifest/read-manifest.ts';
import { folder, readAt } from './collect-rows.ts';

const url = (i: number): string => `http://a.x/${i}.jpg`;

async function read(files: Record<string, string>, options?: ReadManifestOptions) {
  const dir = await folder(files);
  const { rows, error, info, warnings } = await readAt(dir, options);
  return { rows: rows.map(({ at: _at, ...row }) => row), error, roles: info?.roles, warnings };
}

describe('columns of several files whose names differ in case', () => {
  const files = {
    'a.csv': `url,N\n${url(1)},1\n`,
    'b.csv': `URL,n\n${url(2)},2\n${url(3)},3,4\n`,
    'c.jsonl': `{"Url":"${url(4)}","n":"4"}\n`,
  };

  it('are one, by the name of the first file, and that is said', async () => {
    const { rows, roles, warnings } = await read(files);
    expect(roles).toMatchObject({ url: 'url' });
    expect(rows).toMatchObject([
      { url: url(1), N: '1' },
      { url: url(2), N: '2' },
      { url: expect.stringContaining('line 3 has 3 cells') },
      { url: url(4), N: '4' },
    ]);
    expect(warnings[0]).toMatch(
      /URL is read as url, Url is read as url, n is read as N: .* differ in case only are one/,
    );
  });

  it('have the name that was asked for', async () => {
    const { rows, roles } = await read(files, { urlColumn: 'URL', captionColumn: 'n' });
    expect(roles).toEqual({ url: 'URL', caption: 'n' });
    expect(rows.map((row) => (row as { n?: unknown }).n)).toEqual(['1', '2', null, '4']);
  });

  it('are read alone where only some are wanted', async () => {
    const { rows } = await read(files, { columns: ['N'] });
    expect(rows.map((row) => (row as { N?: unknown }).N)).toEqual(['1', '2', null, '4']);
  });

  it('are two where one file has both', async () => {
    const both = { 'a.csv': `url,URL\n${url(1)},http://p.x/1\n`, 'b.csv': `URL\n${url(2)}\n` };
    expect((await read(both)).error?.message).toMatch(/b\.csv has no column url, unlike other inputs \(it has URL\)/);
  });
});
