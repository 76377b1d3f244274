import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Int32, vectorFromArray } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { utf8Column } from '../../../../src/arrow/columns.ts';
import { writeParquetFile } from '../../../support/manifests.ts';
import { fieldOf, folder, readAt } from './collect-rows.ts';

describe('folders called key=value', () => {
  async function hive(): Promise<string> {
    const dir = await folder({ _SUCCESS: '', '.part.crc': '' });
    const put = async (below: string, text: string): Promise<void> => {
      await mkdir(path.join(dir, path.dirname(below)), { recursive: true });
      await writeFile(path.join(dir, below), text);
    };
    await put('label=cat%20x/part-0.csv', 'url\nhttp://a.x/1.jpg\n');
    await put('label=cat%20x/_SUCCESS', '');
    await put('label=dog/year=2020/part-0.csv', 'url,n\nhttp://a.x/2.jpg,5\n');
    await put('label=__HIVE_DEFAULT_PARTITION__/part-0.csv', 'url\nhttp://a.x/3.jpg\n');
    await put('_temporary/part-0.csv', 'url\nhttp://a.x/4.jpg\n');
    await put('other/part-0.csv', 'url\nhttp://a.x/5.jpg\n');
    return dir;
  }

  const expected = [
    { url: 'http://a.x/3.jpg', label: null, year: null, n: null },
    { url: 'http://a.x/1.jpg', label: 'cat x', year: null, n: null },
    { url: 'http://a.x/2.jpg', label: 'dog', year: '2020', n: '5' },
  ];

  it('are columns of the files in them', async () => {
    const dir = await hive();
    const { rows, info } = await readAt(dir);
    expect(rows.map(({ at: _, ...row }) => row)).toEqual(expected);
    expect(info).toMatchObject({ roles: { label: 'label' }, folderColumns: ['label', 'year'] });
    const globbed = await readAt(path.join(dir, 'label=*', '**', '*.csv'));
    expect(globbed.rows.map(({ at: _, ...row }) => row)).toEqual(expected);
    expect((await readAt(dir, { columns: ['label'] })).rows.map((row) => fieldOf(row, 'label'))).toEqual([
      null,
      'cat x',
      'dog',
    ]);
  });

  it('give nothing where the file has the column, or is named itself', async () => {
    const dir = await folder();
    await mkdir(path.join(dir, 'label=a'));
    const file = path.join(dir, 'label=a', 'm.csv');
    await writeFile(file, 'url,label\nhttp://a.x/1.jpg,own\n');
    expect((await readAt(dir)).rows).toMatchObject([{ label: 'own' }]);
    await writeFile(file, 'url\nhttp://a.x/1.jpg\n');
    expect((await readAt(file)).rows).toEqual([{ at: '0<0', url: 'http://a.x/1.jpg' }]);
  });

  it('of parquet are read by columns as well', async () => {
    const dir = await folder();
    for (const label of ['a', 'b']) {
      await mkdir(path.join(dir, `label=${label}`));
      const more =
        label === 'a'
          ? [['n', vectorFromArray([1], new Int32()).data[0] as never] as const]
          : [['n', utf8Column(['x'])] as const];
      await writeParquetFile(path.join(dir, `label=${label}`, 'p.parquet'), [
        ['url', utf8Column([`http://${label}.x/`])],
        ...more,
      ]);
    }
    const { rows, warnings } = await readAt(dir, { columns: ['label', 'n'] });
    expect(rows).toMatchObject([
      { label: 'a', n: '1' },
      { label: 'b', n: 'x' },
    ]);
    expect(warnings).toEqual([expect.stringMatching(/n is Int32 .* and Utf8 .*: carried as text/)]);
  });

  it('patterns leave out what Spark writes beside its files', async () => {
    const dir = await folder({ 'part-0.csv': 'url\nhttp://a.x/1.jpg\n', _SUCCESS: '', _committed_1: 'x' });
    expect((await readAt(path.join(dir, '*'))).rows).toHaveLength(1);
  });
});
