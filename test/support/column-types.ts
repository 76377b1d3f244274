/** Every type that a manifest's column can have, with values. */
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
  Struct,
  TimeMicrosecond,
  TimestampNanosecond,
  Uint16,
  Uint64,
  Utf8,
} from 'apache-arrow';
import fc from 'fast-check';

const text = fc.oneof(fc.string({ maxLength: 60 }), fc.constantFrom('', 'ünïcødé 🦋', 'x'.repeat(50)));
const bytes = fc.uint8Array({ maxLength: 50 });
const bigint = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const words = fc.tuple(...Array.from({ length: 4 }, () => fc.nat())).map((parts) => Uint32Array.from(parts));
const field = (name: string, type: DataType) => new Field(name, type, true);

/** Every type that a parquet file can come out as, with a generator of its JS values. */
export const COLUMN_TYPES: [string, DataType, fc.Arbitrary<unknown>][] = [
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
  [
    'fixed-size list',
    new FixedSizeList(3, field('item', new Int32())),
    fc.array(fc.integer(), { minLength: 3, maxLength: 3 }),
  ],
  [
    'struct',
    new Struct<never>([field('a', new Utf8()), field('b', new Bool())] as never),
    fc.record({ a: fc.option(text), b: fc.boolean() }),
  ],
  [
    'map',
    new Map_(
      new Field(
        'entries',
        new Struct<never>([new Field('key', new Utf8(), false), field('value', new Int32())] as never),
        false,
      ) as never,
    ),
    fc
      .dictionary(fc.string({ minLength: 1, maxLength: 4 }), fc.integer(), { maxKeys: 3 })
      .map((o) => new Map(Object.entries(o))),
  ],
  ['dictionary', new Dictionary(new Utf8(), new Int32()), text],
];
