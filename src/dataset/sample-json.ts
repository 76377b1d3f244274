/** The `key.json` of one sample, as UTF-8 bytes. */
import { type Data, DataType, type Field, type RecordBatch } from 'apache-arrow';
import { type JsonValue, jsonReader } from '../arrow/json-value.ts';
import { textColumn } from '../arrow/text.ts';
import { isJsonText } from '../arrow/typed-text.ts';
import type { FetchResult } from '../record.ts';
import { readRoles } from '../unit-rows.ts';
import { manifestColumns } from './column-names.ts';
import { DEFAULT_RULES, type Publish, publisher } from './published.ts';

/** The `key.json` of one sample, as UTF-8 bytes. */
export type SampleJson = (result: FetchResult, sha256: string | undefined) => Buffer;

/**
 * Metadata of samples. Loaders take the keys and types of the first samples for all, so every sample of a job has the
 * same keys in the same order, each of one JSON type or null. Columns that play a role appear once, under the role's
 * name.
 */
export function sampleJsonWriter(batch: RecordBatch, publish: Publish = publisher(DEFAULT_RULES)): SampleJson {
  const roles = new Set<string>(Object.values(readRoles(batch.schema)));
  const columns = manifestColumns(batch.schema)
    .filter(({ given }) => !roles.has(given))
    .map(({ index, name }) => {
      const start = `${JSON.stringify(name)}:`;
      const valueIn = columnJson(batch, index, publish);
      return (row: number) => start + valueIn(row);
    });
  return ({ row, width, height }, sha256) => {
    const { key, url, label, caption } = row;
    const own = {
      key: publish(key),
      url: publish(url),
      label: label == null ? null : publish(label),
      caption: caption == null ? null : publish(caption),
      sha256: sha256 ?? null,
      width: width ?? null,
      height: height ?? null,
      row: row.row,
    };
    return Buffer.from(
      `${[JSON.stringify(own).slice(0, -1), ...columns.map((column) => column(row.index))].join(',')}}`,
    );
  };
}

/** A column's values as JSON. */
export function columnJson({ schema, data: { children } }: RecordBatch, index: number, publish: Publish) {
  const data = children[index] as Data;
  if (isJsonText(schema.fields[index] as Field)) {
    const texts = textColumn(data);
    return (row: number): string => publishedJson(texts[row] ?? 'null', publish);
  }
  const read = jsonReader(data);
  return (row: number): string => jsonText(data.type, published(read(row), publish));
}

function published(value: JsonValue, publish: Publish): JsonValue {
  return typeof value === 'string' ? publish(value) : value;
}

/** JSON text without secrets; what would be none without them is text. */
function publishedJson(text: string, publish: Publish): string {
  const after = publish(text);
  if (after === text) return text;
  try {
    JSON.parse(after);
    return after;
  } catch {
    return JSON.stringify(after);
  }
}

/**
 * A value's JSON text with floats that always look like floats: loaders that saw `1` in the first samples refuse `1.5`
 * in a later one.
 */
function jsonText(type: DataType, value: JsonValue): string {
  if (typeof value === 'number')
    return DataType.isFloat(type) && Number.isSafeInteger(value) ? `${value}.0` : JSON.stringify(value);
  if (DataType.isDictionary(type)) return jsonText(type.dictionary, value);
  // Python and Arrow read integers of any size; the text here is of one that a double cannot hold.
  if (typeof value === 'string' && DataType.isInt(type)) return value;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const children = type.children as readonly Field[];
  if (Array.isArray(value)) {
    const item = children[0]?.type ?? type;
    return `[${value.map((part) => jsonText(item, part)).join(',')}]`;
  }
  const entries = DataType.isMap(type) ? (children[0]?.type.children as readonly Field[]) : undefined;
  const typeOf = (name: string): DataType =>
    entries?.[1]?.type ?? children.find((field) => field.name === name)?.type ?? type;
  return `{${Object.entries(value)
    .map(([name, part]) => `${JSON.stringify(name)}:${jsonText(typeOf(name), part)}`)
    .join(',')}}`;
}
