import {
  Binary,
  Bool,
  type DataType,
  DateDay,
  DateMillisecond,
  Decimal,
  Dictionary,
  DurationMillisecond,
  DurationNanosecond,
  DurationSecond,
  Field,
  Float64,
  Int32,
  Int64,
  List,
  Map_,
  makeData,
  Struct,
  TimeMicrosecond,
  TimestampMillisecond,
  TimestampNanosecond,
  TimestampSecond,
  Uint64,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { jsonReader } from '../../../src/arrow/json-value.ts';

const field = (name: string, type: DataType) => new Field(name, type, true);

function read(values: unknown[], type: DataType): unknown[] {
  const data = vectorFromArray(values, type).data[0];
  if (data === undefined) throw new Error('expected a chunk');
  const reader = jsonReader(data);
  const exact = values.map((_, i) => reader(i));
  expect(JSON.parse(JSON.stringify(exact))).toEqual(exact);
  return exact;
}

function words(value: bigint): Uint32Array {
  return Uint32Array.from([0n, 32n, 64n, 96n], (shift) => Number((BigInt.asUintN(128, value) >> shift) & 0xffffffffn));
}

describe('JSON values of Arrow columns', () => {
  it('writes 64-bit integers as strings, exactly', () => {
    expect(read([2n ** 63n - 1n, -(2n ** 63n), null], new Int64())).toEqual([
      '9223372036854775807',
      '-9223372036854775808',
      null,
    ]);
    expect(read([2n ** 64n - 1n], new Uint64())).toEqual(['18446744073709551615']);
  });

  it('scales decimals', () => {
    const type = new Decimal(2, 10, 128);
    expect(read([words(12345n), words(-5n), words(0n), null], type)).toEqual(['123.45', '-0.05', '0.00', null]);
    expect(read([words(7n)], new Decimal(0, 10, 128))).toEqual(['7']);
    expect(read([words(7n)], new Decimal(-2, 10, 128))).toEqual(['700']);
  });

  it('writes dates and times in ISO 8601', () => {
    expect(read([new Date('2024-02-29'), new Date('1969-12-31')], new DateDay())).toEqual(['2024-02-29', '1969-12-31']);
    expect(read([new Date('2024-02-29T01:02:03.004Z')], new DateMillisecond())).toEqual(['2024-02-29T01:02:03.004Z']);
    expect(read([new Date('2024-02-29T01:02:03Z').getTime()], new TimestampMillisecond('UTC'))).toEqual([
      '2024-02-29T01:02:03.000Z',
    ]);
    expect(read([3_723_000_001n], new TimeMicrosecond())).toEqual(['01:02:03.000001']);
  });

  it('writes durations in ISO 8601, so that their unit is not lost', () => {
    for (const [type, text] of [
      [new DurationSecond(), 'PT90S'],
      [new DurationMillisecond(), 'PT0.090S'],
      [new DurationNanosecond(), 'PT0.000000090S'],
    ] as const)
      expect(read([90n, null], type)).toEqual([text, null]);
    expect(read([-1500n], new DurationMillisecond())).toEqual(['-PT1.500S']);
  });

  it('marks timestamps with Z only where the column has a time zone', () => {
    const data = makeData({ type: new TimestampMillisecond(), data: BigInt64Array.of(-1n), length: 1 });
    expect(jsonReader(data)(0)).toBe('1969-12-31T23:59:59.999');
    expect(
      jsonReader(makeData({ type: new TimestampMillisecond('UTC'), data: BigInt64Array.of(-1n), length: 1 }))(0),
    ).toBe('1969-12-31T23:59:59.999Z');
  });

  it('keeps nanoseconds when a whole column is read', () => {
    const data = makeData({
      type: new TimestampNanosecond('UTC'),
      data: BigInt64Array.of(1_700_000_000_123_456_789n),
      length: 1,
    });
    expect(jsonReader(data)(0)).toBe('2023-11-14T22:13:20.123456789Z');
  });

  it('gives the bare count for a timestamp beyond what dates can express', () => {
    const data = makeData({ type: new TimestampSecond(), data: BigInt64Array.of(10n ** 15n), length: 1 });
    expect(jsonReader(data)(0)).toBe('1000000000000000');
  });

  it('writes binary as base64 and NaN as null', () => {
    expect(read([Uint8Array.of(255, 0, 1)], new Binary())).toEqual(['/wAB']);
    expect(read([1.5, Number.NaN, Number.POSITIVE_INFINITY], new Float64())).toEqual([1.5, null, null]);
  });

  it('writes nested values as arrays and objects of such values', () => {
    const struct = new Struct<never>([field('id', new Int64()), field('ok', new Bool())] as never);
    expect(read([{ id: 1n, ok: true }, null], struct)).toEqual([{ id: '1', ok: true }, null]);
    expect(read([[1n, null], []], new List(field('item', new Int64())))).toEqual([['1', null], []]);
    const entries = new Struct<never>([field('key', new Utf8()), field('value', new Int32())] as never);
    expect(read([new Map([['a', 1]])], new Map_(field('entries', entries) as never))).toEqual([{ a: 1 }]);
    expect(read(['x', null, 'y', 'x'], new Dictionary(new Utf8(), new Int32()))).toEqual(['x', null, 'y', 'x']);
  });

  it('keeps a key named __proto__ as data', () => {
    const struct = new Struct<never>([field('__proto__', new Utf8())] as never);
    const data = makeData({
      type: struct,
      length: 1,
      nullCount: 0,
      children: [vectorFromArray(['x'], new Utf8()).data[0] as never],
    });
    expect(JSON.stringify(jsonReader(data)(0))).toBe('{"__proto__":"x"}');
  });
});

it('a byte order mark that a text begins with is part of it', () => {
  expect(read(['\ufeffa', '', null, 'b\ufeff'], new Utf8())).toEqual(['\ufeffa', '', null, 'b\ufeff']);
});
