import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Data, type RecordBatch, Schema } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { batchOf, float64Column, utf8Column } from '../../../src/arrow/columns.ts';
import { DUPLICATE_COLUMN, ROLE_METADATA, ROW_COLUMN } from '../../../src/record.ts';
import { BucketFile } from '../../../src/run/bucket-file.ts';
import { findRepeats, markRepeats } from '../../../src/run/repeated-urls.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const METADATA = new Map([[ROLE_METADATA.url, 'url']]);

function rowsFrom(first: number, urls: readonly (string | null)[]): RecordBatch {
  const rows = float64Column(urls.map((_, at) => first + at));
  return batchOf(
    [
      [ROW_COLUMN, rows],
      ['url', utf8Column(urls)],
    ],
    METADATA,
  );
}

async function* each(batches: readonly RecordBatch[]): AsyncGenerator<RecordBatch> {
  yield* batches;
}

async function marksOf(batches: readonly RecordBatch[], folder: string): Promise<(number | null)[]> {
  const repeats = await findRepeats(each(batches), folder);
  const marks: (number | null)[] = [];
  for await (const batch of markRepeats(each(batches), repeats)) {
    const at = batch.schema.fields.findIndex(({ name }) => name === DUPLICATE_COLUMN);
    const column = batch.data.children[at] as Data;
    for (let row = 0; row < batch.numRows; row += 1) marks.push(column.getValid(row) ? column.values[row] : null);
  }
  repeats.close();
  return marks;
}

describe('rows that repeat a URL', () => {
  it('name the first row with it, over batches, letter by letter', async () => {
    const batches = [rowsFrom(0, ['a', 'b', 'a', null]), rowsFrom(4, ['', 'A', 'b', null, 'a', ''])];
    expect(await marksOf(batches, await tempFolder())).toEqual([null, null, 0, null, null, null, 1, null, 0, null]);
  });

  it('are found beyond what is kept in memory, which leaves nothing on the disk', async () => {
    const folder = await tempFolder();
    const rows = 900_000;
    const urlOf = (row: number): string => (row % 3 === 2 ? `x/${row - 2}` : `x/${row}`);
    const batches = Array.from({ length: rows / 90_000 }, (_, at) =>
      rowsFrom(
        at * 90_000,
        Array.from({ length: 90_000 }, (_, row) => urlOf(at * 90_000 + row)),
      ),
    );
    const marks = await marksOf(batches, folder);
    expect(marks.every((first, row) => first === (row % 3 === 2 ? row - 2 : null))).toBe(true);
    expect(existsSync(join(folder, 'digests'))).toBe(false);
    expect(existsSync(join(folder, 'repeated-rows'))).toBe(false);
  });

  it('come with the same columns whether or not there are any', async () => {
    const repeats = await findRepeats(each([rowsFrom(0, ['a', 'b'])]), await tempFolder());
    for await (const { schema } of markRepeats(each([rowsFrom(0, ['a', 'b'])]), repeats)) {
      expect(schema).toBeInstanceOf(Schema);
      expect(schema.names).toEqual([ROW_COLUMN, 'url', DUPLICATE_COLUMN]);
    }
    expect(repeats.count).toBe(0);
  });
});

describe('buckets', () => {
  it('give back what was put in, in its order, from memory and disk', async () => {
    const file = new BucketFile(join(await tempFolder(), 'deep', 'buckets'), 8);
    const record = Buffer.alloc(8);
    for (let n = 0; n < 30_000; n += 1) {
      record.writeDoubleLE(n);
      file.add(n % 3, record);
    }
    const read = file.read(1);
    expect(read.length).toBe(80_000);
    expect(read.readDoubleLE(0)).toBe(1);
    expect(read.readDoubleLE(79_992)).toBe(29_998);
    expect(file.read(7)).toEqual(Buffer.alloc(0));
    file.close();
    file.close();
  });
});
