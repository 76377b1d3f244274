import { Vector } from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBatch, encodeBatch } from '../../../src/arrow/batch-bytes.ts';
import {
  batchOf,
  boolColumn,
  float64Column,
  int32Column,
  repeatedUtf8Column,
  sequenceColumn,
  utf8Column,
} from '../../../src/arrow/columns.ts';
import { textColumn } from '../../../src/arrow/text.ts';

/** Columns whose bytes repeat, whether or not their rows do. */
const alike = fc.array(
  fc.nat(3).map((length) => 'é'.repeat(length)),
  { maxLength: 4 },
);
const unicode = fc.string({ unit: 'binary', maxLength: 20 });

describe('columns from JS values', () => {
  it('holds any text and nulls, and reads back the same', () => {
    fc.assert(
      fc.property(fc.oneof(fc.array(fc.option(fc.oneof(unicode, fc.string()))), alike), (values) => {
        const column = utf8Column(values);
        expect([...new Vector([column])]).toEqual(values);
        expect(textColumn(column)).toEqual(values);
      }),
    );
  });

  it('turns halves of a surrogate pair in neighbouring values into replacement characters, not into one character', () => {
    expect(textColumn(utf8Column(['a\ud83e', '\udd8b']))).toEqual(['a\ufffd', '\ufffd']);
  });

  it('holds numbers, booleans and nulls, also over IPC', () => {
    const batch = batchOf([
      ['f', float64Column([1.5, null, 2 ** 53])],
      ['i', int32Column([-1, 2, undefined])],
      ['b', boolColumn([true, null, false])],
      ['s', sequenceColumn(7, 3)],
      ['t', repeatedUtf8Column('ab', 3)],
    ]);
    const back = decodeBatch(encodeBatch(batch));
    const columns = back.schema.names.map((name) => [...(back.getChild(name) ?? [])]);
    expect(columns).toEqual([
      [1.5, null, 2 ** 53],
      [-1, 2, null],
      [true, null, false],
      [7, 8, 9],
      ['ab', 'ab', 'ab'],
    ]);
  });

  it('refuses columns of different lengths', () => {
    expect(() =>
      batchOf([
        ['a', int32Column([1])],
        ['b', int32Column([1, 2])],
      ]),
    ).toThrow(/expected 1 rows in column b, got 2/);
  });

  it('gives an empty batch with its schema back from a stream without batches', () => {
    const back = decodeBatch(encodeBatch(batchOf([['a', int32Column([])]], new Map([['k', 'v']]))));
    expect([back.numRows, back.schema.names, back.schema.metadata.get('k')]).toEqual([0, ['a'], 'v']);
  });
});
