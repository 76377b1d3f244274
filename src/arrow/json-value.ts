/** Any value as what JSON.stringify takes without loss. */
import { isUtf8 } from 'node:buffer';
import { type Data, DataType, DateUnit, TimeUnit, Vector } from 'apache-arrow';

/** What JSON.stringify takes without loss. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

type Reader = (index: number) => JsonValue;

/** What bytes are: base64, or the text that they are in UTF-8, if they are, as old writers leave strings unmarked. */
export type BytesAs = 'base64' | 'text';

/**
 * Reads a column's values JSON-safe and exact: 64-bit integers, decimals, dates, times and durations are strings, binary is
 * base64, structs and maps are objects, lists are arrays; NaN and infinities, which JSON lacks, are null. A column
 * always gives the same JSON type (or null).
 */
export function jsonReader(data: Data, bytesAs: BytesAs = 'base64'): Reader {
  if (DataType.isNull(data.type)) return () => null;
  const read = valueReader(data, bytesAs);
  return (index) => (data.getValid(index) ? read(index) : null);
}

function valueReader(data: Data, bytesAs: BytesAs): Reader {
  const { type, children } = data;
  // Not by way of `Vector.get`, which makes float milliseconds of them.
  if (DataType.isTimestamp(type))
    return (i) => timestampText(data.values[i] as bigint, type.unit, type.timezone != null);
  if (DataType.isStruct(type)) {
    const fields = type.children.map((field, i) => [field.name, jsonReader(children[i] as Data, bytesAs)] as const);
    return (i) => Object.fromEntries(fields.map(([name, read]) => [name, read(i)]));
  }
  if (DataType.isMap(type)) return mapReader(data, bytesAs);
  if (DataType.isList(type)) {
    const read = jsonReader(children[0] as Data, bytesAs);
    return (i) => range(read, data.valueOffsets[i] as number, data.valueOffsets[i + 1] as number);
  }
  if (DataType.isFixedSizeList(type)) {
    const read = jsonReader(children[0] as Data, bytesAs);
    return (i) => range(read, i * type.listSize, (i + 1) * type.listSize);
  }
  if (DataType.isDictionary(type)) {
    const words = (data.dictionary as Vector).data.flatMap((chunk) =>
      range(jsonReader(chunk, bytesAs), 0, chunk.length),
    );
    return (i) => words[Number(data.values[i])] ?? null;
  }
  // Nor this, which leaves out a byte order mark that a text begins with.
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) return textReader(data);
  const vector = new Vector([data]);
  return (i) => flatValue(type, vector.get(i), bytesAs);
}

function textReader({ values, valueOffsets }: Data): Reader {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return (i) => bytes.toString('utf8', Number(valueOffsets[i]), Number(valueOffsets[i + 1]));
}

function mapReader(data: Data, bytesAs: BytesAs): Reader {
  const entries = data.children[0] as Data;
  const key = jsonReader(entries.children[0] as Data, bytesAs);
  const value = jsonReader(entries.children[1] as Data, bytesAs);
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

/** A value of a column without columns inside, as `Vector.get` gives it. */
function flatValue(type: DataType, value: unknown, bytesAs: BytesAs): JsonValue {
  if (DataType.isDecimal(type)) return decimalText(value as Uint32Array, type.scale);
  if (DataType.isDate(type)) return dateText(Number(value), type.unit === DateUnit.DAY);
  if (DataType.isDuration(type)) return durationText(value as bigint, type.unit);
  if (DataType.isTime(type)) return timeText(BigInt(value as number), type.unit);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (value instanceof Uint8Array && bytesAs === 'text' && isUtf8(value)) return Buffer.from(value).toString('utf8');
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  if (ArrayBuffer.isView(value)) return Array.from(value as Int32Array, Number);
  throw new TypeError(`expected a value of Arrow type ${type}, got ${typeof value}`);
}

/** Decimal digits after the second, by Arrow time unit (s, ms, us, ns). */
function fractionDigits(unit: TimeUnit): number {
  return unit === TimeUnit.SECOND ? 0 : unit === TimeUnit.MILLISECOND ? 3 : unit === TimeUnit.MICROSECOND ? 6 : 9;
}

/**
 * A decimal's little-endian two's complement words, scaled: words of 12345 with scale 2 give `123.45`.
 * A negative scale appends zeros.
 */
function decimalText(words: Uint32Array | Int32Array, scale: number): string {
  let unscaled = 0n;
  for (let i = words.length - 1; i >= 0; i--) unscaled = (unscaled << 32n) | BigInt((words[i] as number) >>> 0);
  unscaled = BigInt.asIntN(words.length * 32, unscaled);
  if (scale <= 0) return (unscaled * 10n ** BigInt(-scale)).toString();
  const sign = unscaled < 0n ? '-' : '';
  return sign + decimalDigits(unscaled < 0n ? -unscaled : unscaled, scale);
}

/** @param scale - digits behind the point, from 0 */
function decimalDigits(unscaled: bigint, scale: number): string {
  const digits = unscaled.toString().padStart(scale + 1, '0');
  return scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/**
 * ISO 8601 with as many fraction digits as the unit has; `Z` only where the column is in UTC. Out of Date's range: the
 * bare count.
 */
function timestampText(count: bigint, unit: TimeUnit, isUtc: boolean): string {
  const digits = fractionDigits(unit);
  const perSecond = 10n ** BigInt(digits);
  const fraction = ((count % perSecond) + perSecond) % perSecond;
  const date = new Date(Number((count - fraction) / perSecond) * 1000);
  if (Number.isNaN(date.getTime())) return count.toString();
  const seconds = date.toISOString().slice(0, -'.000Z'.length);
  return `${seconds}${digits === 0 ? '' : `.${fraction.toString().padStart(digits, '0')}`}${isUtc ? 'Z' : ''}`;
}

/** Milliseconds since the epoch as a date, or date and time where the column is not whole days. */
function dateText(epochMs: number, isWholeDays: boolean): string {
  const date = new Date(epochMs);
  if (Number.isNaN(date.getTime())) return String(epochMs);
  const iso = date.toISOString();
  return isWholeDays ? iso.slice(0, iso.indexOf('T')) : iso;
}

/** ISO 8601 in seconds, with the unit's fraction digits. */
function durationText(count: bigint, unit: TimeUnit): string {
  const seconds = decimalDigits(count < 0n ? -count : count, fractionDigits(unit));
  return `${count < 0n ? '-' : ''}PT${seconds}S`;
}

/** Time of day as `HH:MM:SS` with the unit's fraction digits. */
function timeText(count: bigint, unit: TimeUnit): string {
  return timestampText(count, unit, false).slice('1970-01-01T'.length);
}
