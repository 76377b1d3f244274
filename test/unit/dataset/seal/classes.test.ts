import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { batchOf, float64Column, utf8Column } from '../../../../src/arrow/columns.ts';
import { encodeParquet } from '../../../../src/dataset/parquet-file.ts';
import { classesCsv, findClasses, lackLines } from '../../../../src/dataset/seal/classes.ts';

type Row = readonly [row: number, label: string | null, name: string | null];

function tablesOf(units: readonly (readonly Row[])[]) {
  const files = new Map(
    units.map((rows, unit) => {
      const batch = batchOf([
        ['row', float64Column(rows.map(([row]) => row))],
        ['label', utf8Column(rows.map(([, label]) => label))],
        ['name', utf8Column(rows.map(([, , name]) => name))],
      ]);
      return [`${unit}.parquet`, encodeParquet(batch)];
    }),
  );
  const artifacts = [...files].map(([name, bytes]) => {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { name, bytes: bytes.length, sha256 };
  });
  return { destination: { readFile: async (name: string) => files.get(name) as Uint8Array }, artifacts, files };
}

const inShards = { inFolders: false, known: [], nullLabel: 'output' };
const inFolders = { ...inShards, inFolders: true };
const rows: readonly (readonly Row[])[] = [
  [
    [4, 'Ä', '4.jpg'],
    [5, 'b/c', null],
  ],
  [
    [1, 'z', 'z/1.gif'],
    [2, null, '2.jpg'],
    [3, 'Ä', '3.png'],
  ],
];

describe('classes of a finished dataset', () => {
  it('are numbered by their first row, whatever shard has it', async () => {
    const { destination, artifacts } = tablesOf(rows);
    const found = await findClasses(destination, artifacts, { ...inShards, known: ['k'] });
    expect(found.classes).toEqual([
      { index: 0, label: 'k', folder: 'k', count: 0 },
      { index: 1, label: 'z', folder: 'z', count: 1 },
      { index: 2, label: 'Ä', folder: 'Ä', count: 2 },
      { index: 3, label: 'b/c', folder: 'b%2Fc', count: 0 },
    ]);
    expect(lackLines(found)).toEqual(['classes without a stored sample: k, b/c']);
  });

  it('in folders are those that have one, by name as Python orders it, and unreadable ones are named', async () => {
    const { destination, artifacts } = tablesOf(rows);
    const found = await findClasses(destination, artifacts, inFolders);
    expect(found.classes.map(({ index, folder }) => `${index} ${folder}`)).toEqual(['0 output', '1 z', '2 Ä']);
    expect(lackLines(found)).toEqual([
      'classes without a stored sample: b/c',
      'classes with files of which torchvision reads none: z',
    ]);
  });

  it('in folders are none of rows that have neither a label nor a sample', async () => {
    const bare = rows.map((unit) => unit.map(([row, label, name]): Row => [row, label, label === null ? null : name]));
    const { destination, artifacts } = tablesOf(bare);
    expect(lackLines(await findClasses(destination, artifacts, inFolders))[0]).toBe(
      'classes without a stored sample: b/c',
    );
  });

  it('a damaged table is not looked at, and csv quotes what has to be quoted', async () => {
    const { destination, artifacts, files } = tablesOf(rows);
    files.set('0.parquet', Buffer.from('PAR1'));
    const { classes } = await findClasses(destination, artifacts, inShards);
    expect(classes.map(({ label, count }) => [label, count])).toEqual([
      ['z', 1],
      ['Ä', 1],
    ]);
    const quoted = classesCsv([{ index: 0, label: 'a, "b"', folder: 'a', count: 2 }]);
    expect(quoted).toBe('index,label,folder,count\n0,"a, ""b""",a,2\n');
  });
});
