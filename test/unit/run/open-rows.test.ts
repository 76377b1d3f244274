import type { RecordBatch } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { batchOf, sequenceColumn, utf8Column } from '../../../src/arrow/columns.ts';
import { textColumn } from '../../../src/arrow/text.ts';
import { ROLE_METADATA, ROW_COLUMN } from '../../../src/record.ts';
import { rowsOfPart, rowsWithout } from '../../../src/run/open-rows.ts';
import { rowNumbersOf } from '../../../src/run/row-numbers.ts';
import { SettledRows } from '../../../src/run/settled-rows.ts';
import { RowBitmap } from '../../../src/structures/row-bitmap.ts';
import { urlColumn } from '../../../src/unit-rows.ts';

async function* manifest(rows: number, each: number): AsyncGenerator<RecordBatch> {
  for (let first = 0; first < rows; first += each) {
    const urls = utf8Column(Array.from({ length: each }, (_, at) => `u${first + at}`));
    const columns = [[ROW_COLUMN, sequenceColumn(first, each)] as const, ['url', urls] as const];
    yield batchOf(columns, new Map([[ROLE_METADATA.url, 'url']]));
  }
}

async function shown(batches: AsyncIterable<RecordBatch>): Promise<string[]> {
  const rows: string[] = [];
  for await (const batch of batches) {
    const urls = textColumn(urlColumn(batch));
    rows.push(...Array.from(rowNumbersOf(batch), (row, at) => `${row} ${urls[at]}`));
  }
  return rows;
}

describe('rows of a part of a dataset', () => {
  it('are the first ones of a manifest, or those that are taken, numbered as in the dataset', async () => {
    expect(await shown(rowsOfPart(manifest(20, 4), { firstRow: 0, rows: 6 }, undefined))).toEqual([
      ...['0 u0', '1 u1', '2 u2', '3 u3', '4 u4', '5 u5'],
    ]);
    const taken = new RowBitmap(100);
    for (const row of [1, 2, 13, 19]) taken.add(row);
    const again = RowBitmap.fromBytes(taken.toBytes(), 100);
    expect([...again.gaps()]).toEqual([...taken.gaps()]);
    expect(await shown(rowsOfPart(manifest(20, 4), { firstRow: 50, rows: 4 }, again))).toEqual([
      ...['50 u1', '51 u2', '52 u13', '53 u19'],
    ]);
  });

  it('leave out what is settled', async () => {
    expect(await shown(rowsWithout(manifest(8, 4), (row) => row % 4 !== 2))).toEqual(['2 u2', '6 u6']);
  });
});

describe('what is settled', () => {
  it('leaves the numbers of units that nobody has, each once', async () => {
    const records = async function* () {
      for (const unit of ['000000-aaaaaaaa', '000002-aaaaaaaa', '000003-aaaaaaaa']) yield { unit, artifacts: [] };
    };
    const settled = await SettledRows.read({ files: undefined, decided: { records } } as never);
    expect([settled.nextUnit(), settled.nextUnit(), settled.nextUnit()]).toEqual([1, 4, 5]);
    expect([settled.units, settled.has(1, 0), settled.hasAll(1, 0, 1)]).toEqual([3, false, false]);
  });
});
