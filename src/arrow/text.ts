/** A column as JS strings, whatever its type. */
import { isAscii } from 'node:buffer';
import { type Data, DataType, type Vector } from 'apache-arrow';
import { viewOf } from './copy-bytes.ts';
import { jsonReader } from './json-value.ts';

/**
 * A column as JS strings, whatever its type: bytes are read as UTF-8 (old writers leave strings unmarked), numbers,
 * dates and decimals are written exactly, nested values as JSON. Nulls stay null.
 */
export function textColumn(data: Data): (string | null)[] {
  const { type } = data;
  if (isText(type)) return decodeStrings(data);
  if (DataType.isDictionary(type)) return dictionaryText(data);
  const read = jsonReader(data);
  return Array.from({ length: data.length }, (_, i) => {
    const value = read(i);
    if (value === null || typeof value === 'string') return value;
    return typeof value === 'object' ? JSON.stringify(value) : String(value);
  });
}

/** Whether a column holds strings or bytes, so that its values can be URLs. */
export function isTextType(type: DataType): boolean {
  return isText(DataType.isDictionary(type) ? type.dictionary : type);
}

function isText(type: DataType): boolean {
  return DataType.isUtf8(type) || DataType.isLargeUtf8(type) || DataType.isBinary(type) || DataType.isLargeBinary(type);
}

function decodeStrings(data: Data): (string | null)[] {
  const { length, valueOffsets: offsets } = data;
  if (length === 0) return [];
  const from = Number(offsets[0]);
  const view = data.values as Uint8Array;
  const bytes = Buffer.from(view.buffer, view.byteOffset + from, Number(offsets[length]) - from);
  const nulls = data.nullCount > 0;
  const same = oneText(data);
  if (same !== undefined) return new Array<string>(length).fill(same);
  const out = new Array<string | null>(length);
  // Plain ASCII, which URLs are, is a slice of the whole column, decoded at once; other text is decoded by itself.
  const ascii = bytes.toString('latin1');
  const isPlain = isAscii(bytes);
  const words = viewOf(bytes);
  let start = 0;
  for (let i = 0; i < length; i++) {
    const end = Number(offsets[i + 1]) - from;
    if (nulls && !data.getValid(i)) out[i] = null;
    else
      out[i] = isPlain || isAsciiAt(words, start, end) ? ascii.slice(start, end) : bytes.toString('utf8', start, end);
    start = end;
  }
  return out;
}

function isAsciiAt(bytes: DataView, from: number, to: number): boolean {
  let bits = 0;
  let at = from;
  for (; at + 4 <= to; at += 4) bits |= bytes.getInt32(at);
  for (; at < to; at++) bits |= bytes.getUint8(at);
  return (bits & 0x80808080) === 0;
}

/**
 * The text that all rows of a column have, if they do, which is told sooner than they are decoded or copied: the name
 * of their file is such a column.
 */
export function oneText({ type, length, nullCount, valueOffsets: offsets, values }: Data): string | undefined {
  if (!DataType.isUtf8(type) || length === 0 || nullCount > 0) return undefined;
  const [from, to] = [offsets[0] as number, offsets[length] as number];
  const each = (to - from) / length;
  const bytes = Buffer.from(values.buffer, values.byteOffset + from, to - from);
  if (!Number.isInteger(each) || bytes.compare(bytes, 0, to - from - each, each) !== 0) return undefined;
  for (let row = 1; row <= length; row++) if (offsets[row] - from !== row * each) return undefined;
  return bytes.toString('utf8', 0, each);
}

function dictionaryText(data: Data): (string | null)[] {
  const words = (data.dictionary as Vector).data.flatMap((chunk) => textColumn(chunk));
  return Array.from({ length: data.length }, (_, i) =>
    data.getValid(i) ? (words[Number(data.values[i])] ?? null) : null,
  );
}
