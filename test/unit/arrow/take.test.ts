import {
  Bool,
  type DataType,
  Dictionary,
  Int8,
  Int32,
  makeData,
  type RecordBatch,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBatch, decodeForeignBatch, encodeBatch } from '../../../src/arrow/batch-bytes.ts';
import { batchOf } from '../../../src/arrow/columns.ts';
import { jsonReader } from '../../../src/arrow/json-value.ts';
import { takeRows } from '../../../src/arrow/take.ts';
import { COLUMN_TYPES } from '../../support/column-types.ts';

/** Batches that were sliced at random, and random picks of their rows. */
function source(type: DataType, value: fc.Arbitrary<unknown>) {
  const batch = fc
    .record({
      values: fc.array(fc.option(value), { minLength: 1, maxLength: 40 }),
      from: fc.nat(39),
      rows: fc.integer({ min: 1, max: 40 }),
    })
    .map(({ values, from, rows }) => {
      const data = vectorFromArray(values, type).data[0];
      const start = Math.min(from, values.length - 1);
      return batchOf([['c', data as never]]).slice(start, Math.min(values.length, start + rows));
    });
  return fc.array(batch, { minLength: 1, maxLength: 3 }).chain((batches) => {
    const pick = fc
      .nat(batches.length - 1)
      .chain((b) => fc.tuple(fc.constant(b), fc.nat((batches[b] as RecordBatch).numRows - 1)));
    return fc.tuple(fc.constant(batches), fc.oneof(fc.array(pick, { maxLength: 60 }), fc.constant(everyRow(batches))));
  });
}

function everyRow(batches: RecordBatch[]): [number, number][] {
  return batches.flatMap((batch, b) => Array.from({ length: batch.numRows }, (_, row): [number, number] => [b, row]));
}

function values(batch: RecordBatch): unknown[] {
  const data = batch.data.children[0];
  if (data === undefined) throw new Error('expected a column');
  const read = jsonReader(data);
  return Array.from({ length: batch.numRows }, (_, i) => read(i));
}

describe('takeRows', () => {
  it.each(COLUMN_TYPES)(
    'gathers %s rows of sliced batches, and the result survives an IPC round trip',
    (_name, type, value) => {
      fc.assert(
        fc.property(source(type, value), ([batches, picks]) => {
          const all = batches.map(values);
          const expected = picks.map(([batch, row]) => all[batch]?.[row]);
          const taken = takeRows(batches, { batches: picks.map(([b]) => b), rows: picks.map(([, r]) => r) });
          expect(values(taken)).toEqual(expected);
          expect(values(decodeBatch(encodeBatch(taken)))).toEqual(expected);
          expect(values(decodeForeignBatch(encodeBatch(taken)))).toEqual(expected);
        }),
        { numRuns: 60 },
      );
    },
  );

  it('merges the dictionaries of several batches by writing the values out', () => {
    const type = new Dictionary(new Utf8(), new Int8());
    const one = batchOf([['c', vectorFromArray(['a', 'b', 'a'], type).data[0] as never]]);
    const two = batchOf([['c', vectorFromArray(['c', null, 'a'], type).data[0] as never]]);
    const taken = takeRows([one, two], { batches: [1, 0, 1, 1], rows: [0, 1, 1, 2] });
    expect(values(taken)).toEqual(['c', 'b', null, 'a']);
    expect(taken.schema.fields[0]?.type).toBeInstanceOf(Utf8);
  });

  it('keeps values at their rows behind a bool column of nulls that has no value bits', () => {
    const nothing = makeData({
      type: new Bool(),
      length: 3,
      nullCount: 3,
      nullBitmap: new Uint8Array(1),
      data: new Uint8Array(0),
    });
    const batches = [
      batchOf([['c', nothing]]),
      batchOf([['c', vectorFromArray([true, false, true], new Bool()).data[0] as never]]),
    ];
    const rows = everyRow(batches);
    const taken = takeRows(batches, { batches: rows.map(([batch]) => batch), rows: rows.map(([, row]) => row) });
    expect(values(taken)).toEqual([null, null, null, true, false, true]);
  });

  it('keeps the metadata of the schema', () => {
    const batch = batchOf(
      [['c', vectorFromArray([1, 2], new Int32()).data[0] as never]],
      new Map([['flow_dc.url', 'c']]),
    );
    expect(takeRows([batch], { batches: [0], rows: [1] }).schema.metadata.get('flow_dc.url')).toBe('c');
  });

  it('refuses batches whose columns differ', () => {
    const one = batchOf([['c', vectorFromArray([1], new Int32()).data[0] as never]]);
    const two = batchOf([['c', vectorFromArray(['x'], new Utf8()).data[0] as never]]);
    expect(() => takeRows([one, two], { batches: [0], rows: [0] })).toThrow(
      /expected column 0 of every batch to be c: Int32/,
    );
  });
});
