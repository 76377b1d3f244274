import type { RecordBatch } from 'apache-arrow';
import { RecordBatch as Batch } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { batchOf, sequenceColumn, utf8Column } from '../../../src/arrow/columns.ts';
import { textColumn } from '../../../src/arrow/text.ts';
import { ROW_COLUMN, SOURCE_FILE_COLUMN, SOURCE_ROW_COLUMN } from '../../../src/record.ts';
import { rowsAgain, rowsEnded } from '../../../src/run/rows-again.ts';
import { decodeRows, rowsAgainOf, urlColumn, withRoles } from '../../../src/unit-rows.ts';

function batch(first: number, rows: number): RecordBatch {
  const plain = batchOf([
    [ROW_COLUMN, sequenceColumn(first, rows)],
    [SOURCE_FILE_COLUMN, utf8Column(Array.from({ length: rows }, () => 'm.csv'))],
    [SOURCE_ROW_COLUMN, sequenceColumn(first, rows)],
    ['url', utf8Column(Array.from({ length: rows }, (_, i) => `u${first + i}`))],
  ]);
  return new Batch(withRoles(plain.schema, { url: 'url' }), plain.data);
}

async function* manifest(read: number[]): AsyncGenerator<RecordBatch> {
  for (const first of [0, 10, 20, 30]) {
    read.push(first);
    yield batch(first, 10);
  }
}

describe('rows that are fetched again', () => {
  it('are picked out of the manifest with what they were, and nothing is read behind the last of them', async () => {
    const round = {
      ...{ set: 3, firstUnit: 7, outcomes: ['failed reset', 'skipped host_paused'] },
      rows: Float64Array.of(0, 9, 21, 25),
      outcomeOf: Uint16Array.of(0, 1, 0, 0),
    };
    const read: number[] = [];
    const found: RecordBatch[] = [];
    for await (const one of rowsAgain(manifest(read), round)) found.push(one);
    expect(found.map((one) => textColumn(urlColumn(one)))).toEqual([
      ['u0', 'u9'],
      ['u21', 'u25'],
    ]);
    expect(rowsAgainOf(found[0] as RecordBatch)).toEqual({
      ...{ set: 3, failed: 1, skipped: 1 },
      errors: { reset: 1, host_paused: 1 },
    });
    expect(rowsAgainOf(batch(0, 3))).toBeUndefined();
    expect(read).toEqual([0, 10, 20]);
  });

  it('have, in a unit that is done again, the end that the next round took them with', async () => {
    const round = (set: number, rows: readonly number[], outcome: string) => ({
      ...{ set, firstUnit: 0, outcomes: [outcome] },
      ...{ rows: Float64Array.from(rows), outcomeOf: new Uint16Array(rows.length) },
    });
    const later = [round(2, [3, 12], 'failed reset'), round(3, [3, 5, 39], 'skipped host_paused')];
    const found: string[] = [];
    for await (const one of rowsEnded(manifest([]), later))
      for (const { row, ended } of decodeRows({ rows: one, shard: '000000' }))
        if (ended != null) found.push(`${row} ${ended}`);
    expect(found).toEqual(['3 failed reset', '5 skipped host_paused', '12 failed reset', '39 skipped host_paused']);
  });
});
