/** Manifests of every kind that loaders stumble over; what a row holds is decided by its number alone. */
import {
  Bool,
  type Data,
  type DataType,
  DateDay,
  Decimal,
  Field,
  Float64,
  Int64,
  List,
  Map_,
  Struct,
  TimestampMillisecond,
  Uint64,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import type { UnitShape } from '../support/sink-units.ts';

/** Of one unit; a dataset has two. More than five, from which Hugging Face infers types. */
export const ROWS = 12;

type Columns = readonly (readonly [name: string, data: Data])[];

/** @param value - of a row; null in rows of which `isThere` says no */
function column(type: DataType, value: (row: number) => unknown, isThere: (row: number) => boolean = () => true): Data {
  const values = Array.from({ length: ROWS }, (_, row) => (isThere(row) ? value(row) : null));
  return vectorFromArray(values as never, type as never).data[0] as Data;
}

const text = (value: (row: number) => string): Data => column(new Utf8(), value);
const late = (row: number): boolean => row >= ROWS / 2;
const field = (name: string, type: DataType): Field => new Field(name, type, true);
const entries = new Struct([new Field('key', new Utf8(), false), field('value', new Utf8())]);
const texts = (value: (row: number) => string | null): (string | null)[] =>
  Array.from({ length: ROWS }, (_, row) => value(row));

const plain: UnitShape = {
  rows: ROWS,
  labels: texts((row) => ['cat', 'dog', 'owl'][row % 3] as string),
  captions: texts((row) => `a ${row}`),
};

/** Empty in the rows from which types are inferred. */
const sparse: Columns = [
  ['NSFW', column(new Utf8(), () => 'UNLIKELY', late)],
  ['similarity', column(new Float64(), (row) => row / 2, late)],
  ['views', column(new Int64(), (row) => BigInt(row), late)],
  ['licensed', column(new Bool(), (row) => row % 2 === 0, late)],
  ['tags', column(new List(field('item', new Utf8())), () => ['a', 'b'], late)],
  [
    'never',
    column(
      new Utf8(),
      () => 'x',
      () => false,
    ),
  ],
];

/** Names of ours, names with a meaning to a loader, and names that differ by case alone. */
const CLASHING = [
  ...['image', 'file_name', 'label', 'text', 'txt', 'json', 'jpg', 'png', 'cls', '__key__', '__url__', 'key', 'url'],
  ...['status', 'code', 'message', 'sha256', 'WIDTH', 'Height', 'name', 'a', 'A', 'thumb_file_name'],
];

const nested: Columns = [
  ['tags', column(new List(field('item', new Utf8())), (row) => [`t${row}`, 'b'], late)],
  ['boxes', column(new List(field('item', new Struct([field('x', new Float64())]))), (row) => [{ x: row }])],
  ['place', column(new Struct([field('lat', new Float64()), field('of', new Utf8())]), () => ({ lat: 2, of: 'z' }))],
  ['price', column(new Decimal(2, 12), () => Uint32Array.of(12345, 0, 0, 0))],
  ['day', column(new DateDay(), () => new Date(0))],
  ['at', column(new TimestampMillisecond('UTC'), () => 1_700_000_000_123)],
];

const laion: Columns = [
  ['similarity', column(new Float64(), (row) => 0.3 + row / 100)],
  ['hash', column(new Int64(), () => -(2n ** 62n) - 1n)],
  ['phash', column(new Uint64(), () => 2n ** 64n - 1n)],
  ['SAMPLE_ID', column(new Int64(), (row) => 2n ** 60n + BigInt(row))],
  ['punsafe', column(new Float64(), () => 0.001, late)],
  ['LICENSE', column(new Utf8(), () => '?', late)],
  ['exif', column(new Map_(new Field('entries', entries, false) as never), () => new Map([['Make', 'X']]), late)],
];

const HOSTILE = [
  ...['../../etc/passwd', 'a/b/c', 'say "hi"', "it's", 'two\nlines', 'tab\there', '😀🏳️‍🌈', '__key__', 'con', '.hidden'],
  ...['back\\slash', 'x'.repeat(10_000)],
];

/** By what is special about them: a shape for each unit. Keys of a user's own are unique, as a key column's are. */
export const MANIFESTS: Readonly<Record<string, (unit: number) => UnitShape>> = Object.fromEntries(
  Object.entries(shapes()).map(([name, shape]) => {
    const keysOf = (unit: number) => shape.keys?.map((key) => `${key}${unit === 0 ? '' : unit}`);
    return [
      name,
      (unit) => ({
        ...shape,
        index: unit,
        firstRow: unit * ROWS,
        ...(shape.keys && { keys: keysOf(unit) as string[] }),
      }),
    ];
  }),
);

function shapes(): Readonly<Record<string, UnitShape>> {
  return {
    plain,
    sparse: { ...plain, captions: texts((row) => (late(row) ? `a ${row}` : null)), extra: sparse },
    clashing: { ...plain, extra: CLASHING.map((name) => [name, text((row) => `mine ${row}`)] as const) },
    nested: { ...plain, extra: nested },
    unicode: {
      ...plain,
      labels: texts((row) => ['Ährenfisch', '雪豹', 'cão'][row % 3] as string),
      captions: texts((row) => `ünï 雪 ${row}`),
      keys: texts((row) => `schlüssel-${row}-鍵`),
      extra: [['spaltenname mit ü', text(() => 'größer')]],
    },
    laion: { ...plain, extra: laion },
    hostile: {
      ...plain,
      labels: texts((row) => HOSTILE[(row + 5) % HOSTILE.length]?.slice(0, 200) ?? null),
      captions: texts((row) => HOSTILE[row % HOSTILE.length] as string),
      keys: texts((row) => HOSTILE[row % HOSTILE.length] as string),
      extra: [
        ['odd "name": \u0085 #', text((row) => HOSTILE[row % HOSTILE.length] as string)],
        ['😀\n', text(() => 'v')],
        ["it's: {a}", text(() => '- x: 1')],
      ],
    },
  };
}
