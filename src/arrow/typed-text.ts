/** Columns of text as what the text says: numbers, true and false, JSON. */
import { type Data, DataType, type Field, type Float64, Int64, makeData, type Utf8 } from 'apache-arrow';
import { boolColumn, float64Column, packedBits, utf8Column } from './columns.ts';
import { jsonReader } from './json-value.ts';
import { textColumn } from './text.ts';

/** `json`: any value, as its JSON text; `empty`: text, of which none was seen yet; `uuid`: text of what were 16 bytes. */
export type TextKind = 'text' | 'empty' | 'int' | 'float' | 'bool' | 'json' | 'uuid';

/** Metadata of a field whose type was found in text: the kind. Other fields have none. */
const KIND_METADATA = 'flow_dc.kind';

export function kindMetadata(kind: TextKind): Map<string, string> {
  return new Map([[KIND_METADATA, kind]]);
}

/** Undefined for a column whose type its file says. */
export function kindOf({ metadata }: Pick<Field, 'metadata'>): TextKind | undefined {
  return metadata.get(KIND_METADATA) as TextKind | undefined;
}

/** Every value of such a column is JSON text, null aside. */
export function isJsonText(field: Pick<Field, 'metadata'>): boolean {
  return kindOf(field) === 'json';
}

export interface TypedColumn {
  readonly data: Data;
  /** The first row whose text is no such value, and so is null; -1 where all are. */
  readonly firstMisfit: number;
}

/** A column's values as text, also where it holds JSON: its strings without their quotes. */
export function plainTexts(data: Data, field: Pick<Field, 'metadata'>): (string | null)[] {
  const texts = textColumn(data);
  if (!isJsonText(field)) return texts;
  return texts.map((text) => (text?.startsWith('"') ? (JSON.parse(text) as string) : text));
}

/** A column of text as another kind. */
export function typedText(column: Data, kind: TextKind): TypedColumn {
  switch (kind) {
    case 'int':
      return intColumn(textColumn(column));
    case 'float':
      return valuesAs(textColumn(column), floatOf, float64Column);
    case 'bool':
      return valuesAs(textColumn(column), boolOf, boolColumn);
    case 'text':
    case 'empty':
    case 'json':
    case 'uuid':
      return { data: column, firstMisfit: -1 };
  }
}

/** Any column as JSON text. */
export function jsonTextColumn(data: Data): Data<Utf8> {
  if (DataType.isUtf8(data.type))
    return utf8Column(textColumn(data).map((text) => (text === null ? null : JSON.stringify(text))));
  const read = jsonReader(data);
  const texts = Array.from({ length: data.length }, (_, row) => {
    const value = read(row);
    // Of 64-bit integers this is their digits.
    return value === null || typeof value === 'string' ? value : JSON.stringify(value);
  });
  return utf8Column(texts);
}

const WHOLE = /^-?(0|[1-9]\d*)$/;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
/** Digits that a double holds, whatever they are. */
const SAFE_DIGITS = 15;
const MOST_INT = 2n ** 63n;

export function isWhole(text: string): boolean {
  return WHOLE.test(text) && text !== '-0';
}

/** Whether an integer fits into 64 bits. */
export function fitsInt64(text: string): boolean {
  if (text.length <= SAFE_DIGITS) return true;
  const value = BigInt(text);
  return value < MOST_INT && value >= -MOST_INT;
}

function intOf(text: string): bigint | number | undefined {
  if (WHOLE.test(text)) return text.length <= SAFE_DIGITS ? Number(text) : fitsInt64(text) ? BigInt(text) : undefined;
  const value = floatOf(text);
  return value !== undefined && Number.isSafeInteger(value) ? value : undefined;
}

function floatOf(text: string): number | undefined {
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}

const WORDS: Readonly<Record<string, boolean>> = { true: true, false: false };

function boolOf(text: string): boolean | undefined {
  return WORDS[text.toLowerCase()];
}

function intColumn(texts: readonly (string | null)[]): TypedColumn {
  const halves = new Int32Array(texts.length * 2);
  const words = new BigInt64Array(halves.buffer);
  const isSet = new Uint8Array(texts.length);
  let firstMisfit = -1;
  for (const [row, text] of texts.entries()) {
    if (text === null) continue;
    const value = intOf(text);
    if (value === undefined) firstMisfit = firstMisfit < 0 ? row : firstMisfit;
    else isSet[row] = 1;
    if (typeof value === 'bigint') words[row] = value;
    else if (value !== undefined) {
      halves[2 * row] = (value % 4_294_967_296) | 0;
      halves[2 * row + 1] = Math.floor(value / 4_294_967_296);
    }
  }
  return {
    data: makeData({ type: new Int64(), length: texts.length, ...packedBits(isSet), data: words }),
    firstMisfit,
  };
}

function valuesAs<T>(
  texts: readonly (string | null)[],
  valueIn: (text: string) => T | undefined,
  columnOf: (values: (T | null | undefined)[]) => Data,
): TypedColumn {
  const values = texts.map((text) => (text === null ? null : valueIn(text)));
  return { data: columnOf(values), firstMisfit: values.indexOf(undefined) };
}

/** 16 bytes a row as `8-4-4-4-12` hex digits. */
export function uuidTexts(data: Data): Data<Utf8> {
  const bytes = data.values as Uint8Array;
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
  const texts = Array.from({ length: data.length }, (_, row) => {
    if (!data.getValid(row)) return null;
    const hex = all.slice(row * 32, row * 32 + 32);
    return [
      [0, 8],
      [8, 12],
      [12, 16],
      [16, 20],
      [20, 32],
    ]
      .map((part) => hex.slice(...part))
      .join('-');
  });
  return utf8Column(texts);
}

/** Integers as what else a column of them may have to become. */
export function intsAsFloats(data: Data): Data<Float64> {
  const values = Array.from({ length: data.length }, (_, row) =>
    data.getValid(row) ? Number(data.values[row]) : null,
  );
  return float64Column(values);
}
