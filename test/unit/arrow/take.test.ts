import {
  Binary,
  Bool,
  type DataType,
  DateDay,
  Decimal,
  Dictionary,
  Field,
  FixedSizeBinary,
  FixedSizeList,
  Float32,
  Float64,
  Int8,
  Int32,
  Int64,
  LargeUtf8,
  List,
  Map_,
  Null,
  type RecordBatch,
  Struct,
  TimeMicrosecond,
  TimestampNanosecond,
  Uint16,
  Uint64,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchOf } from '../../../src/arrow/columns.ts';
import { decodeBatch, encodeBatch } from '../../../src/arrow/ipc.ts';
import { jsonReader } from '../../../src/arrow/json-value.ts';
import { takeRows } from '../../../src/arrow/take.ts';

const text = fc.oneof(fc.string({ maxLength: 60 }), fc.constantFrom('', 'ünïcødé 🦋', 'x'.repeat(50)));
const bytes = fc.uint8Array({ maxLength: 50 });
const bigint = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const words = fc.tuple(...Array.from({ length: 4 }, () => fc.nat())).map((parts) => Uint32Array.from(parts));
const field = (name: string, type: DataType) => new Field(name, type, true);

/** Every type that a parquet file can come out as, with a generator of its JS values. */
const TYPES: [string, DataType, fc.Arbitrary<unknown>][] = [
  ['utf8', new Utf8(), text],
  ['large utf8', new LargeUtf8(), text],
  ['binary', new Binary(), bytes],
  ['int8', new Int8(), fc.integer({ min: -128, max: 127 })],
  ['int32', new Int32(), fc.integer()],
  ['int64', new Int64(), bigint],
  ['uint16', new Uint16(), fc.nat(65535)],
  ['uint64', new Uint64(), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })],
  ['float32', new Float32(), fc.float({ noNaN: true })],
  ['float64', new Float64(), fc.double({ noNaN: true })],
  ['bool', new Bool(), fc.boolean()],
  ['null', new Null(), fc.constant(null)],
  ['decimal128', new Decimal(3, 20, 128), words],
  ['date32', new DateDay(), fc.integer({ min: -1000, max: 20000 }).map((days) => new Date(days * 86_400_000))],
  ['timestamp ns', new TimestampNanosecond('UTC'), fc.integer({ min: 0, max: 2 ** 40 })],
  ['time us', new TimeMicrosecond(), fc.bigInt({ min: 0n, max: 86_399_999_999n })],
  ['fixed-size binary', new FixedSizeBinary(5), fc.uint8Array({ minLength: 5, maxLength: 5 })],
  ['list of utf8', new List(field('item', new Utf8())), fc.array(fc.option(text), { maxLength: 4 })],
  [
    'list of list',
    new List(field('item', new List(field('item', new Int32())))),
    fc.array(fc.array(fc.integer(), { maxLength: 3 }), { maxLength: 3 }),
  ],
  ['fixed-size list', new FixedSizeList(3, field('item', new Int32())), fc.array(fc.integer(), { minLength: 3, maxLength: 3 })],
  [
    'struct',
    new Struct<never>([field('a', new Utf8()), field('b', new Bool())] as never),
    fc.record({ a: fc.option(text), b: fc.boolean() }),
  ],
  [
    'map',
    new Map_(field('entries', new Struct<never>([field('key', new Utf8()), field('value', new Int32())] as never)) as never),
    fc.dictionary(fc.string({ minLength: 1, maxLength: 4 }), fc.integer(), { maxKeys: 3 }).map((o) => new Map(Object.entries(o))),
  ],
  ['dictionary', new Dictionary(new Utf8(), new Int32()), text],
];

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
    const pick = fc.nat(batches.length - 1).chain((b) => fc.tuple(fc.constant(b), fc.nat((batches[b] as RecordBatch).numRows - 1)));
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
  it.each(TYPES)('gathers %s rows of sliced batches, and the result survives an IPC round trip', (_name, type, value) => {
    fc.assert(
      fc.property(source(type, value), ([batches, picks]) => {
        const all = batches.map(values);
        const expected = picks.map(([batch, row]) => all[batch]?.[row]);
        const taken = takeRows(batches, { batches: picks.map(([b]) => b), rows: picks.map(([, r]) => r) });
        expect(values(taken)).toEqual(expected);
        expect(values(decodeBatch(encodeBatch(taken)))).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('merges the dictionaries of several batches by writing the values out', () => {
    const type = new Dictionary(new Utf8(), new Int8());
    const one = batchOf([['c', vectorFromArray(['a', 'b', 'a'], type).data[0] as never]]);
    const two = batchOf([['c', vectorFromArray(['c', null, 'a'], type).data[0] as never]]);
    const taken = takeRows([one, two], { batches: [1, 0, 1, 1], rows: [0, 1, 1, 2] });
    expect(values(taken)).toEqual(['c', 'b', null, 'a']);
    expect(taken.schema.fields[0]?.type).toBeInstanceOf(Utf8);
  });

  it('keeps the metadata of the schema', () => {
    const batch = batchOf([['c', vectorFromArray([1, 2], new Int32()).data[0] as never]], new Map([['flow_dc.url', 'c']]));
    expect(takeRows([batch], { batches: [0], rows: [1] }).schema.metadata.get('flow_dc.url')).toBe('c');
  });

  it('refuses batches whose columns differ', () => {
    const one = batchOf([['c', vectorFromArray([1], new Int32()).data[0] as never]]);
    const two = batchOf([['c', vectorFromArray(['x'], new Utf8()).data[0] as never]]);
    expect(() => takeRows([one, two], { batches: [0], rows: [0] })).toThrow(/expected column 0 of every batch to be c: Int32/);
  });
});
