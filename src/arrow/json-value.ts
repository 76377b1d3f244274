/** Any value as what JSON.stringify takes without loss. */
import { type Data, DataType, DateUnit, MapRow, StructRow, TimeUnit, type Type, Vector } from 'apache-arrow';
import { dateText, decimalText, timestampText, timeText } from './exact-text.ts';

/** What JSON.stringify takes without loss. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

type Reader = (index: number) => JsonValue;

/**
 * Reads a column's values JSON-safe and exact: 64-bit integers, decimals, dates and times are strings, binary is
 * base64, structs and maps are objects, lists are arrays; NaN and infinities, which JSON lacks, are null. A column
 * always gives the same JSON type (or null). Nanoseconds survive, which they do not in `toJsonValue`.
 */
export function jsonReader(data: Data): Reader {
  if (DataType.isNull(data.type)) return () => null;
  const read = valueReader(data);
  return (index) => (data.getValid(index) ? read(index) : null);
}

function valueReader(data: Data): Reader {
  const { type, children } = data;
  if (DataType.isTimestamp(type))
    return (i) => timestampText(data.values[i] as bigint, type.unit, type.timezone != null);
  if (DataType.isStruct(type)) {
    const fields = type.children.map((field, i) => [field.name, jsonReader(children[i] as Data)] as const);
    return (i) => Object.fromEntries(fields.map(([name, read]) => [name, read(i)]));
  }
  if (DataType.isMap(type)) return mapReader(data);
  if (DataType.isList(type)) {
    const read = jsonReader(children[0] as Data);
    return (i) => range(read, data.valueOffsets[i] as number, data.valueOffsets[i + 1] as number);
  }
  if (DataType.isFixedSizeList(type)) {
    const read = jsonReader(children[0] as Data);
    return (i) => range(read, i * type.listSize, (i + 1) * type.listSize);
  }
  if (DataType.isDictionary(type)) {
    const words = (data.dictionary as Vector).data.flatMap((chunk) => range(jsonReader(chunk), 0, chunk.length));
    return (i) => words[Number(data.values[i])] ?? null;
  }
  const vector = new Vector([data]);
  return (i) => toJsonValue(type, vector.get(i));
}

function mapReader(data: Data): Reader {
  const entries = data.children[0] as Data;
  const key = jsonReader(entries.children[0] as Data);
  const value = jsonReader(entries.children[1] as Data);
  return (i) => {
    const pairs: [string, JsonValue][] = [];
    for (let at = data.valueOffsets[i] as number; at < (data.valueOffsets[i + 1] as number); at++)
      pairs.push([String(key(at)), value(at)]);
    return Object.fromEntries(pairs);
  };
}

function range(read: Reader, from: number, to: number): JsonValue[] {
  return Array.from({ length: to - from }, (_, i) => read(from + i));
}

/**
 * One value as `Vector.get` gives it, made JSON-safe by the rules of `jsonReader`. apache-arrow hands timestamps out as
 * float milliseconds, so nanoseconds are gone here; read whole columns with `jsonReader` instead.
 */
export function toJsonValue(type: DataType, value: unknown): JsonValue {
  if (value === null || value === undefined) return null;
  if (DataType.isDictionary(type)) return toJsonValue(type.dictionary, value);
  if (DataType.isDecimal(type)) return decimalText(value as Uint32Array, type.scale);
  if (DataType.isTimestamp(type))
    return timestampText(countOf(Number(value), type.unit), type.unit, type.timezone != null);
  if (DataType.isDate(type)) return dateText(Number(value), type.unit === DateUnit.DAY);
  if (DataType.isTime(type)) return timeText(BigInt(value as number), type.unit);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (value instanceof Vector) return value.data.flatMap((chunk: Data) => range(jsonReader(chunk), 0, chunk.length));
  if (value instanceof MapRow || value instanceof StructRow)
    return rowValue(type as DataType<Type.Struct | Type.Map>, value);
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  if (ArrayBuffer.isView(value)) return Array.from(value as Int32Array, Number);
  throw new TypeError(`expected a value of Arrow type ${type}, got ${typeof value}`);
}

/** Float milliseconds back to a count of the column's unit; microseconds are as fine as a float of this size goes. */
function countOf(epochMs: number, unit: TimeUnit): bigint {
  if (unit === TimeUnit.SECOND) return BigInt(Math.round(epochMs / 1000));
  if (unit === TimeUnit.MILLISECOND) return BigInt(Math.round(epochMs));
  const microseconds = BigInt(Math.round(epochMs * 1000));
  return unit === TimeUnit.MICROSECOND ? microseconds : microseconds * 1000n;
}

function rowValue(type: DataType<Type.Struct | Type.Map>, row: Iterable<[unknown, unknown]>): JsonValue {
  const fields = type.children as { name: string; type: DataType }[];
  const struct = new Map(fields.map((field) => [field.name, field.type]));
  const mapValue = DataType.isMap(type) ? (fields[0]?.type.children?.[1]?.type as DataType) : undefined;
  const pairs = [...row].map(([key, value]) => [
    String(key),
    toJsonValue(mapValue ?? (struct.get(String(key)) as DataType), value),
  ]);
  return Object.fromEntries(pairs);
}
