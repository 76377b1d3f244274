import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { utf8Column } from '../../../../src/arrow/columns.ts';
import { type ReadManifestOptions, readManifest } from '../../../../src/stages/manifest/read-manifest.ts';
import { writeParquetFile } from '../../../support/manifests.ts';
import { collect, folder } from './collect-rows.ts';

const LABELS = Array.from({ length: 20_000 }, (_, i) => (i % 5 === 4 ? '' : `c${(i * 7) % 3}`));
const urlOf = (row: number): string => `https://a.example.org/${row}.jpg`;
const TEXT = ['url,label', ...LABELS.map((label, row) => `${urlOf(row)},${label}`), ''].join('\n');
/** The first `most` rows of each class. */
function firstRows(most: number): number[] {
  const taken = new Map<string, number>();
  return LABELS.flatMap((label, row) => {
    taken.set(label, (taken.get(label) ?? 0) + 1);
    return (taken.get(label) as number) <= most ? [row] : [];
  });
}

async function read(input: string, options: ReadManifestOptions) {
  const reader = readManifest(input, options);
  const { rows, error } = await collect(reader);
  return { rows, error, warnings: reader.warnings, info: await reader.ready.catch(() => undefined) };
}

describe('per_class', () => {
  it('takes the first rows of every class, numbered one after the other, and says how many it leaves out', async () => {
    const file = path.join(await folder({ 'm.csv': TEXT }), 'm.csv');
    const { rows, warnings } = await read(file, { perClass: 100 });
    expect(rows.map(({ url }) => url)).toEqual(firstRows(100).map(urlOf));
    expect(rows.map((row) => row['flow_dc:row'])).toEqual(Array.from({ length: 400 }, (_, row) => row));
    expect(rows.map((row) => row['flow_dc:source_row'])).toEqual(firstRows(100));
    expect(warnings).toEqual([
      expect.stringMatching(/^per_class 100: 19,600 rows left out, beyond the first ones of their class$/),
    ]);
  });

  it('counts over all inputs, of parquet too, and beside limit', async () => {
    const place = await folder({ 'm.csv': TEXT });
    const file = path.join(place, 'n.parquet');
    await writeParquetFile(file, [
      ['url', utf8Column(LABELS.map((_, row) => urlOf(row)))],
      ['label', utf8Column(LABELS.map((label) => label || null))],
    ]);
    const both = readManifest([file, path.join(place, 'm.csv')], { perClass: 9000 });
    expect((await collect(both)).rows).toHaveLength(3 * 9000 + 8000);
    const { rows, info } = await read(file, { perClass: 3, limitRows: 5 });
    expect(rows.map(({ url }) => url)).toEqual(firstRows(3).slice(0, 5).map(urlOf));
    expect(info?.rows).toBeUndefined();
  });

  it('is counted as well where only the URLs are read', async () => {
    const file = path.join(await folder({ 'm.csv': TEXT }), 'm.csv');
    const { rows } = await read(file, { perClass: 100, columns: [] });
    expect(rows.map(({ url }) => url)).toEqual(firstRows(100).map(urlOf));
  });

  it('needs labels', async () => {
    const file = path.join(await folder({ 'm.csv': `url\n${urlOf(1)}\n` }), 'm.csv');
    expect((await read(file, { perClass: 1 })).error).toMatchObject({
      code: 'FDC_ERR_MANIFEST_COLUMN',
      message: 'per_class needs a label column: name it with label (--label COLUMN)',
    });
  });
});
