/** A file's batch, brought to the schema of all files, with the reader's columns in front. */
import { type Data, DataType, Field, Float64, type RecordBatch, Schema, Utf8 } from 'apache-arrow';
import { nullData } from '../../arrow/column-types.ts';
import { firstRows, schemaBatch, sequenceColumn, utf8Column } from '../../arrow/columns.ts';
import { textColumn } from '../../arrow/text.ts';
import { intsAsFloats, isJsonText, jsonTextColumn, kindOf, typedText, uuidTexts } from '../../arrow/typed-text.ts';
import type { ColumnRoles } from '../../record.ts';
import { ROW_COLUMN, SOURCE_FILE_COLUMN, SOURCE_ROW_COLUMN } from '../../record.ts';
import { someOf } from '../../short-text.ts';
import { withMirrors, withRoles } from '../../unit-rows.ts';
import type { ManifestInfo } from './manifest-info.ts';

/** One file's columns, for `unify`. */
export interface NamedSchema {
  readonly name: string;
  readonly schema: Schema;
}

export interface UnifiedColumns {
  readonly fields: readonly Field[];
  readonly warnings: readonly string[];
}

const ADDED: readonly string[] = [ROW_COLUMN, SOURCE_FILE_COLUMN, SOURCE_ROW_COLUMN];

/**
 * The columns of all files together, matched by name, in order of first appearance. A column that some files lack is
 * null there; one that has different types is carried as text; both are said, once per column. Columns named like those
 * that the reader adds are left out.
 */
export function unify(files: readonly NamedSchema[]): UnifiedColumns {
  const found = new Map<string, { field: Field; file: string; count: number; isClash: boolean }>();
  const warnings: string[] = [];
  for (const { name: file, schema } of files) {
    for (const field of schema.fields) {
      if (ADDED.includes(field.name))
        warnings.push(`${file}: the column ${field.name} is left out: the name is used by flow-dc itself`);
      if (ADDED.includes(field.name)) continue;
      const own = new Field(field.name, field.type, true, field.metadata);
      const known = found.get(field.name);
      if (known === undefined) found.set(field.name, { field: own, file, count: 1, isClash: false });
      else {
        known.count++;
        const both = foundInText(known.field, own);
        if (both !== undefined) known.field = both;
        else if (DataType.isNull(known.field.type)) Object.assign(known, { field: own, file });
        else if (!known.isClash && !DataType.isNull(field.type) && differ(field, known.field)) {
          warnings.push(
            `${field.name} is ${typeName(known.field)} in ${known.file} and ${typeName(field)} in ${file}: carried as text`,
          );
          Object.assign(known, { field: new Field(field.name, new Utf8(), true), isClash: true });
        }
      }
    }
  }
  const partial = [...found.values()].filter(({ count }) => count < files.length).map(({ field }) => field.name);
  if (partial.length > 0)
    warnings.push(
      `not every file has the column${partial.length > 1 ? 's' : ''} ${someOf(partial, 5)}: null where missing`,
    );
  return { fields: [...found.values()].map(({ field }) => field), warnings };
}

/** What a column is whose types were found in text, in both files; undefined when it is none, or text. */
function foundInText(one: Field, other: Field): Field | undefined {
  const kinds = [kindOf(one), kindOf(other)];
  if (kinds.includes(undefined)) return undefined;
  if (kinds[0] === kinds[1] || kinds[1] === 'empty') return one;
  if (kinds[0] === 'empty') return other;
  if (!kinds.includes('int') || !kinds.includes('float')) return undefined;
  return kinds[0] === 'float' ? one : other;
}

function differ(one: Field, other: Field): boolean {
  return String(one.type) !== String(other.type) || isJsonText(one) !== isJsonText(other);
}

function typeName(field: Field): string {
  return isJsonText(field) ? 'JSON' : String(field.type);
}

/** Columns as ManifestInfo tells them, and the schema of every batch that the reader hands on. */
export function describeColumns(
  fields: readonly Field[],
  roles: ColumnRoles,
  mirrors: readonly string[] = [],
): Pick<ManifestInfo, 'columns' | 'roles' | 'schema'> {
  const added = [
    new Field(ROW_COLUMN, new Float64(), true),
    new Field(SOURCE_FILE_COLUMN, new Utf8(), true),
    new Field(SOURCE_ROW_COLUMN, new Float64(), true),
  ];
  const columns = fields.map((field) => ({ name: field.name, type: typeName(field) }));
  return { columns, roles, schema: withMirrors(withRoles(new Schema([...added, ...fields]), roles), mirrors) };
}

/** What is known about a manifest of which only some columns are read, its roles' among them. */
export function narrowed(info: ManifestInfo, columns: readonly string[]): ManifestInfo {
  const named = new Set([...columns, info.roles.url]);
  const fields = info.schema.fields.slice(ADDED.length).filter(({ name }) => named.has(name));
  const roles = Object.fromEntries(Object.entries(info.roles).filter(([, column]) => named.has(column)));
  return { ...info, ...describeColumns(fields, { ...roles, url: info.roles.url }) };
}

/** The same without the columns that the reader adds. */
export function withoutAdded(info: ManifestInfo): ManifestInfo {
  return { ...info, schema: withRoles(new Schema(info.schema.fields.slice(ADDED.length)), info.roles) };
}

export interface BatchPlace {
  /** A column of its name, of as many rows or more: the batches of a file share it. */
  readonly file: Data;
  /** Of the batch's first row: over all files, and within its own. */
  readonly firstRow: number;
  readonly firstSourceRow: number;
  /** The batch has a column of its rows' numbers within the file. */
  readonly hasSourceRows?: boolean | undefined;
}

/**
 * A file's batch, brought to the schema of all files, with those of the reader's columns in front that the schema has.
 */
export function conform(
  batch: RecordBatch,
  schema: Schema,
  { file, firstRow, firstSourceRow, hasSourceRows }: BatchPlace,
): RecordBatch {
  const { numRows: length } = batch;
  const indexes = new Map(batch.schema.fields.map((field, i) => [field.name, i]));
  const children = schema.fields.map((field) => {
    const { name, type } = field;
    if (name === ROW_COLUMN) return sequenceColumn(firstRow, length);
    if (name === SOURCE_FILE_COLUMN) return firstRows(file, length);
    if (name === SOURCE_ROW_COLUMN && hasSourceRows !== true) return sequenceColumn(firstSourceRow, length);
    const index = indexes.get(name);
    if (index === undefined) return nullData(type, length);
    return asField(batch.data.children[index] as Data, batch.schema.fields[index] as Field, field);
  });
  return schemaBatch(schema, length, children);
}

function asField(data: Data, own: Field, field: Field): Data {
  const { type } = field;
  if (DataType.isNull(data.type) && !DataType.isNull(type)) return nullData(type, data.length);
  const [kind, wanted] = [kindOf(own), kindOf(field)];
  if (wanted === 'uuid' && DataType.isFixedSizeBinary(data.type)) return uuidTexts(data);
  if (kind !== wanted && wanted !== undefined) {
    if (kind === 'int' && wanted === 'float') return intsAsFloats(data);
    if (kind === 'empty') return wanted === 'json' ? jsonTextColumn(data) : typedText(data, wanted).data;
  }
  if (DataType.isUtf8(type) && !DataType.isUtf8(data.type)) return utf8Column(textColumn(data));
  return data;
}
