/** Values in, Arrow column out. */
import {
  Bool,
  Data,
  type DataType,
  Field,
  Float64,
  Int32,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Utf8,
} from 'apache-arrow';
import './linear-schemas.ts';

/**
 * Values in, Arrow column out; null and undefined become nulls. Own buffers: apache-arrow's builders are 10 to 20 times
 * slower.
 */
export function utf8Column(values: readonly (string | null | undefined)[]): Data<Utf8> {
  const offsets = new Int32Array(values.length + 1);
  let end = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value != null) end += Buffer.byteLength(value);
    if (end > 0x7fffffff)
      throw new RangeError(`expected at most 2 GiB of text in one column of a batch, got more within ${i + 1} rows`);
    offsets[i + 1] = end;
  }
  const bytes = new Uint8Array(end);
  const joined = values.join('');
  const target = Buffer.from(bytes.buffer);
  // Lone surrogates at the edges of two values would pair up in the joined text: then every value is written by itself.
  if (Buffer.byteLength(joined) === end) target.write(joined);
  else for (let i = 0; i < values.length; i++) target.write(values[i] ?? '', offsets[i] as number);
  return makeData({ type: new Utf8(), length: values.length, ...validity(values), valueOffsets: offsets, data: bytes });
}

/** See utf8Column. */
export function float64Column(values: readonly (number | null | undefined)[]): Data<Float64> {
  const data = Float64Array.from(values, (value) => value ?? 0);
  return makeData({ type: new Float64(), length: values.length, ...validity(values), data });
}

/** See utf8Column; values must be integers below 2^31. */
export function int32Column(values: readonly (number | null | undefined)[]): Data<Int32> {
  const data = Int32Array.from(values, (value) => value ?? 0);
  return makeData({ type: new Int32(), length: values.length, ...validity(values), data });
}

/** See utf8Column. */
export function boolColumn(values: readonly (boolean | null | undefined)[]): Data<Bool> {
  const bits = packBits(values, (value) => value === true);
  return makeData({ type: new Bool(), length: values.length, ...validity(values), data: bits });
}

/** The same text in every row: what a file name column is. */
export function repeatedUtf8Column(value: string, length: number): Data<Utf8> {
  const one = Buffer.from(value);
  const valueOffsets = new Int32Array(length + 1);
  for (let i = 1; i <= length; i++) valueOffsets[i] = i * one.length;
  const data = one.length === 0 ? one : Buffer.alloc(one.length * length, one);
  return makeData({
    type: new Utf8(),
    length,
    nullCount: 0,
    valueOffsets,
    data: new Uint8Array(data.buffer, data.byteOffset, data.length),
  });
}

/** The first rows of a column of text without nulls, with nothing behind them in its buffers. */
export function firstRows({ type, values, valueOffsets }: Data, rows: number): Data {
  const offsets = valueOffsets.subarray(0, rows + 1) as Int32Array;
  return new Data(type, 0, rows, 0, [offsets, values.subarray(0, offsets[rows])] as never);
}

/** Integers from `first` on, as float64. */
export function sequenceColumn(first: number, length: number): Data<Float64> {
  const data = new Float64Array(length);
  for (let i = 0; i < length; i++) data[i] = first + i;
  return makeData({ type: new Float64(), length, nullCount: 0, data });
}

/** Columns of equal length, by name and in order, as one batch. Throws RangeError when lengths differ. */
export function batchOf(
  columns: readonly (readonly [name: string, data: Data])[],
  metadata?: ReadonlyMap<string, string>,
): RecordBatch {
  const length = columns[0]?.[1].length ?? 0;
  const odd = columns.find(([, data]) => data.length !== length);
  if (odd !== undefined) throw new RangeError(`expected ${length} rows in column ${odd[0]}, got ${odd[1].length}`);
  const fields = columns.map(([name, data]) => new Field<DataType>(name, data.type, true));
  const children = columns.map(([, data]) => data);
  return schemaBatch(new Schema(fields, new Map(metadata)), length, children);
}

/** Columns of `length` rows, which the caller knows to be those of the schema, as one batch. */
export function schemaBatch(schema: Schema, length: number, children: readonly Data[]): RecordBatch {
  return new RecordBatch(
    schema,
    makeData({ type: new Struct(schema.fields), length, nullCount: 0, children: [...children] }),
  );
}

function validity(values: readonly unknown[]): { nullCount: number; nullBitmap: Uint8Array | undefined } {
  let nullCount = 0;
  for (const value of values) if (value == null) nullCount++;
  return { nullCount, nullBitmap: nullCount === 0 ? undefined : packBits(values, (value) => value != null) };
}

/** A byte per row, 1 for a value and 0 for null, as a column's validity. */
export function packedBits(isSet: Uint8Array): { nullCount: number; nullBitmap: Uint8Array | undefined } {
  let set = 0;
  for (const flag of isSet) set += flag;
  const nullCount = isSet.length - set;
  return { nullCount, nullBitmap: nullCount === 0 ? undefined : packBits([...isSet], (flag) => flag === 1) };
}

function packBits<T>(values: readonly T[], isSet: (value: T) => boolean): Uint8Array {
  const bits = new Uint8Array((values.length + 7) >> 3);
  for (let i = 0; i < values.length; i++)
    if (isSet(values[i] as T)) bits[i >> 3] = (bits[i >> 3] as number) | (1 << (i & 7));
  return bits;
}
