import {
  type Data,
  DateMillisecond,
  Decimal,
  Dictionary,
  Field,
  Float64,
  Int32,
  Int64,
  List,
  makeData,
  Struct,
  TimestampNanosecond,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { batchOf, utf8Column } from '../../../src/arrow/columns.ts';
import { OUTCOME_COLUMNS } from '../../../src/dataset/column-names.ts';
import { keptRows } from '../../../src/dataset/outcome-rows.ts';
import { outcomeTable } from '../../../src/dataset/outcome-table.ts';
import { columnOf, decodeParquet, encodeParquet } from '../../../src/dataset/parquet-file.ts';
import { sampleJsonWriter } from '../../../src/dataset/sample-json.ts';
import { UnitOutcomes } from '../../../src/dataset/unit-outcomes.ts';
import { resultOf, unitOf } from '../../support/sink-units.ts';

function dataOf(values: readonly unknown[], type: ConstructorParameters<typeof Field>[1]): Data {
  return vectorFromArray(values as never, type as never).data[0] as Data;
}

const nanoseconds = makeData({
  type: new TimestampNanosecond(),
  length: 2,
  nullCount: 0,
  data: BigInt64Array.of(1_700_000_000_123_456_789n, 1n),
});

const columns: readonly (readonly [string, Data])[] = [
  ['big', dataOf([2n ** 60n + 1n, null], new Int64())],
  ['price', dataOf([Uint32Array.of(12345, 0, 0, 0), null], new Decimal(2, 12))],
  ['kind', dataOf(['x', 'y'], new Dictionary(new Utf8(), new Int32()))],
  ['tags', dataOf([['a', 'b'], []], new List(new Field('item', new Utf8(), true)))],
  ['place', dataOf([{ lat: 1.5 }, null], new Struct([new Field('lat', new Float64(), true)]))],
  ['day', dataOf([new Date(0), null], new DateMillisecond())],
  ['at', nanoseconds],
  ['status', utf8Column(['mine', null])],
  ['manifest_status', utf8Column(['also mine', null])],
];

function unit() {
  return unitOf({ rows: 2, extra: columns, captions: ['a', 'b'] });
}

function outcomesOf(stored: ReturnType<typeof unit>): UnitOutcomes {
  const outcomes = new UnitOutcomes(stored.decoded);
  for (const row of stored.decoded) outcomes.set(resultOf(stored, row.index), 'n');
  return outcomes;
}

describe('the outcome table', () => {
  it("starts with the documented columns, then the manifest's in their order; clashes are renamed", () => {
    const { batch } = unit();
    const table = outcomeTable(outcomesOf(unit()), batch);
    expect(table.schema.names).toEqual([
      ...OUTCOME_COLUMNS,
      ...['big', 'price', 'kind', 'tags', 'place', 'day', 'at', 'manifest_status', 'manifest_manifest_status'],
    ]);
  });

  it('gives captions a column of their own, and neither URLs nor captions twice', () => {
    const { batch } = unit();
    const table = outcomeTable(outcomesOf(unit()), batch);
    expect([...(table.getChild('caption') ?? [])]).toEqual(['a', 'b']);
    const names = table.schema.fields.map(({ name }) => name);
    expect(names.filter((name) => /^(manifest_)?(url|text)$/i.test(name))).toEqual(['url']);
  });

  it('no two columns differ by case alone, and none stands where loaders look for media, text or class', () => {
    const words = ['WIDTH', 'image', 'file_name', 'thumb_file_name', 'Label', 'TXT', 'cls', '__key__', 'a', 'A'];
    const given = unitOf({ rows: 2, extra: words.map((word) => [word, utf8Column(['x', 'y'])] as const) });
    const own = [
      ...['manifest_WIDTH', 'manifest_image', 'manifest_filename', 'manifest_thumb_filename', 'manifest_Label'],
      ...['manifest_TXT', 'manifest_cls', 'manifest___key__', 'a', 'manifest_A'],
    ];
    const table = outcomeTable(outcomesOf(given), given.batch);
    expect(table.schema.names.slice(OUTCOME_COLUMNS.length)).toEqual(own);
    const json = JSON.parse(sampleJsonWriter(given.batch)(resultOf(given, 0), 'ff').toString());
    expect(Object.keys(json).slice(-own.length)).toEqual(own);
  });

  it('says in words what a code does not, and of fetched rows nothing', () => {
    const given = unitOf({ rows: 3, extra: [['message', utf8Column(['my own', 'my own', 'my own'])]] });
    const outcomes = new UnitOutcomes(given.decoded);
    outcomes.set(resultOf(given, 0), 'n');
    const failed = { status: 'failed', code: 'tls_error' } as const;
    outcomes.set(resultOf(given, 1, { ...failed, message: 'CERT_HAS_EXPIRED: certificate has expired' }), undefined);
    const theirs = `\u001b[31m\nhttps://me:secret@a.test/?sig=1 ${'x'.repeat(9000)}`;
    outcomes.set(resultOf(given, 2, { ...failed, message: theirs }), undefined);
    const table = encodeParquet(outcomeTable(outcomes, given.batch));
    const messages = [...keptRows(table).values()].map(({ message }) => message);
    expect(messages.slice(0, 2)).toEqual([undefined, 'CERT_HAS_EXPIRED: certificate has expired']);
    expect(messages[2]).toMatch(/^\\u001b\[31m\\nhttps:\/\/a\.test\/ x{90,200}…x+$/);
  });

  it("of an earlier version is read as it is: a column `message` there is the manifest's", () => {
    const given = unitOf({ rows: 1, extra: [['message', utf8Column(['my own'])]] });
    const outcomes = new UnitOutcomes(given.decoded);
    outcomes.set(resultOf(given, 0, { status: 'failed', code: 'reset', message: 'gone' }), undefined);
    const table = outcomeTable(outcomes, given.batch);
    const names = table.schema.names.filter((name) => name !== 'message') as string[];
    const earlier = batchOf(
      names.map((name) => [name === 'manifest_message' ? 'message' : name, columnOf(table, name)] as const),
    );
    expect(keptRows(encodeParquet(earlier)).get(0)).toMatchObject({ code: 'reset', message: undefined });
  });

  it("keeps the manifest's values through parquet, whatever their type", () => {
    const { batch } = unit();
    const table = outcomeTable(outcomesOf(unit()), batch);
    const [back] = decodeParquet(encodeParquet(table));
    const of = (name: string) => back?.getChild(name);
    expect([of('big')?.get(0), of('big')?.get(1)]).toEqual([2n ** 60n + 1n, null]);
    expect([...(of('kind') ?? [])]).toEqual(['x', 'y']);
    expect([...(of('tags')?.get(0) ?? [])]).toEqual(['a', 'b']);
    expect(of('place')?.get(0)?.toJSON()).toEqual({ lat: 1.5 });
    expect(of('at')?.data[0]?.values[0]).toBe(1_700_000_000_123_456_789n);
    expect([...(of('manifest_status') ?? [])]).toEqual(['mine', null]);
  });
});

describe("a sample's metadata", () => {
  it('writes decimals as strings, missing values as null, and the same keys in every sample', () => {
    const given = unit();
    const write = sampleJsonWriter(given.batch);
    // Beyond what a double holds, which Python and Arrow read all the same.
    expect(write(resultOf(given, 0), 'ff').toString()).toContain('"big":1152921504606846977,');
    const [first, second] = [0, 1].map((index) => JSON.parse(write(resultOf(given, index), 'ff').toString()));
    expect(first).toMatchObject({
      price: '123.45',
      kind: 'x',
      tags: ['a', 'b'],
      place: { lat: 1.5 },
    });
    expect(first).toMatchObject({
      at: expect.stringContaining('123456789'),
      manifest_status: 'mine',
      caption: 'a',
      sha256: 'ff',
    });
    expect(second).toMatchObject({ big: null, price: null, place: null, day: null, manifest_status: null });
    expect(Object.keys(second)).toEqual(Object.keys(first));
  });

  it('floats look like floats at every depth, because loaders fix a field by its first values', () => {
    const extra = [
      ['score', dataOf([1, 1.5], new Float64())],
      ['size', dataOf([1, 2], new Int32())],
      ['ids', dataOf([[2n ** 63n - 1n, null], []], new List(new Field('item', new Int64(), true)))],
      ['box', dataOf([[0, 2.5], []], new List(new Field('item', new Float64(), true)))],
      ['place', dataOf([{ lat: 2 }, null], new Struct([new Field('lat', new Float64(), true)]))],
    ] as const;
    const given = unitOf({ rows: 2, extra });
    const text = sampleJsonWriter(given.batch)(resultOf(given, 0), undefined).toString();
    expect(text).toMatch(
      /"row":0,"score":1\.0,"size":1,"ids":\[9223372036854775807,null\],"box":\[0\.0,2\.5\],"place":\{"lat":2\.0\}\}$/,
    );
    expect(() => JSON.parse(text)).not.toThrow();
  });
});
