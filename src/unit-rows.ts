/** Batch and column roles to rows, one by one. */
import { type Data, type Field, type RecordBatch, type Schema, Schema as SchemaOf } from 'apache-arrow';
import { textColumn } from './arrow/text.ts';
import { plainTexts } from './arrow/typed-text.ts';
import { FlowDcError } from './errors.ts';
import type { ColumnRoles, RowsAgain, Unit, UnitRow } from './record.ts';
import {
  ATTEMPT_SET_METADATA,
  BEFORE_COLUMN,
  DUPLICATE_COLUMN,
  ENDED_COLUMN,
  MIRRORS_METADATA,
  ROLE_METADATA,
  ROW_COLUMN,
  SOURCE_FILE_COLUMN,
  SOURCE_ROW_COLUMN,
} from './record.ts';

const ROLES = ['url', 'label', 'caption', 'key'] as const;

/**
 * Which column plays which role, from the schema's metadata.
 * FDC_ERR_SINK_PROTOCOL when no URL column is marked: the batch does not come from the manifest reader.
 */
export function readRoles(schema: Schema): ColumnRoles {
  const named = ROLES.map((role) => [role, schema.metadata.get(ROLE_METADATA[role])]).filter(
    ([, column]) => column !== undefined,
  );
  const roles = Object.fromEntries(named) as Partial<ColumnRoles>;
  if (roles.url === undefined) {
    throw new FlowDcError(
      'FDC_ERR_SINK_PROTOCOL',
      'expected a batch whose schema names its URL column: mark it with withRoles()',
    );
  }
  return roles as ColumnRoles;
}

/** The same schema with its roles marked; other metadata stays, roles that are not given are removed. */
export function withRoles(schema: Schema, roles: ColumnRoles): Schema {
  const metadata = new Map(schema.metadata);
  for (const role of ROLES) {
    const column = roles[role];
    if (column === undefined) metadata.delete(ROLE_METADATA[role]);
    else metadata.set(ROLE_METADATA[role], column);
  }
  return new SchemaOf(schema.fields, metadata, schema.dictionaries, schema.metadataVersion);
}

/** By batch: fetch and sink of one process look at the same unit, one after the other. */
const DECODED = new WeakMap<RecordBatch, { readonly shard: string; readonly rows: readonly UnitRow[] }>();

/**
 * A unit's rows as the fetch and sink stages see them, in order. A null URL becomes '', labels, captions and keys of
 * any type become text (64-bit integers and decimals exactly), null labels and captions stay null, a null or empty key
 * falls back to shard + 4-digit position.
 */
export function decodeRows({ rows: batch, shard }: Pick<Unit, 'rows' | 'shard'>): readonly UnitRow[] {
  const known = DECODED.get(batch);
  if (known?.shard === shard) return known.rows;
  const rows = decode(batch, shard);
  DECODED.set(batch, { shard, rows });
  return rows;
}

function decode(batch: RecordBatch, shard: string): UnitRow[] {
  const roles = readRoles(batch.schema);
  const row = column(batch, ROW_COLUMN).values as Float64Array;
  const sourceRow = column(batch, SOURCE_ROW_COLUMN).values as Float64Array;
  const sourceFile = textColumn(column(batch, SOURCE_FILE_COLUMN));
  const url = textColumn(column(batch, roles.url));
  const [label, caption, key] = (['label', 'caption', 'key'] as const).map((role) => {
    const name = roles[role];
    return name === undefined ? undefined : plainTexts(column(batch, name), fieldOf(batch, name));
  });
  const mirrors = mirrorsOf(batch);
  const duplicateOf = duplicatesOf(batch);
  const ended = hasColumn(batch, ENDED_COLUMN) ? textColumn(column(batch, ENDED_COLUMN)) : undefined;
  return url.map((text, index) => ({
    index,
    row: row[index] as number,
    key: key?.[index] || `${shard}${String(index).padStart(4, '0')}`,
    url: text ?? '',
    label: label?.[index] ?? null,
    caption: caption?.[index] ?? null,
    mirrors: mirrors?.(index, text),
    sourceFile: sourceFile[index] ?? '',
    sourceRow: sourceRow[index] as number,
    duplicateOf: duplicateOf?.(index),
    ended: ended?.[index],
  }));
}

/** Names of the columns with other URLs of the same file, as the schema has them. */
export function mirrorColumns({ metadata }: Pick<Schema, 'metadata'>): readonly string[] {
  const names: unknown = JSON.parse(metadata.get(MIRRORS_METADATA) ?? '[]');
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}

/** The same schema with those columns marked. */
export function withMirrors(schema: Schema, mirrors: readonly string[]): Schema {
  if (mirrors.length === 0) return schema;
  const metadata = new Map(schema.metadata).set(MIRRORS_METADATA, JSON.stringify(mirrors));
  return new SchemaOf(schema.fields, metadata, schema.dictionaries, schema.metadataVersion);
}

/** Undefined without such columns. URLs that stand in front already are left out. */
function mirrorsOf(batch: RecordBatch): ((index: number, first: string | null) => readonly string[]) | undefined {
  const columns = mirrorColumns(batch.schema).filter((name) => hasColumn(batch, name));
  if (columns.length === 0) return undefined;
  const texts = columns.map((name) => textColumn(column(batch, name)));
  return (index, first) => {
    const urls = new Set(texts.map((column) => column[index]?.trim() ?? ''));
    urls.delete('');
    urls.delete(first?.trim() ?? '');
    return [...urls];
  };
}

/** Undefined where every row is fetched. */
function duplicatesOf(batch: RecordBatch): ((index: number) => number | null) | undefined {
  if (!hasColumn(batch, DUPLICATE_COLUMN)) return undefined;
  const firsts = column(batch, DUPLICATE_COLUMN);
  return (index) => (firsts.getValid(index) ? (firsts.values[index] as number) : null);
}

/** The URL column of a batch whose roles are marked. FDC_ERR_SINK_PROTOCOL as readRoles. */
export function urlColumn(rows: RecordBatch): Data {
  return column(rows, readRoles(rows.schema).url);
}

/** What the rows of a unit were before; undefined when they are taken for the first time. */
export function rowsAgainOf(batch: RecordBatch): RowsAgain | undefined {
  const set = Number(batch.schema.metadata.get(ATTEMPT_SET_METADATA) ?? 1);
  if (set === 1) return undefined;
  const counts = { failed: 0, skipped: 0 };
  const errors: Record<string, number> = {};
  for (const before of textColumn(column(batch, BEFORE_COLUMN))) {
    const [status, code = 'unknown_error'] = (before ?? '').split(' ');
    counts[status === 'skipped' ? 'skipped' : 'failed'] += 1;
    errors[code] = (errors[code] ?? 0) + 1;
  }
  return { set, ...counts, errors };
}

function hasColumn({ schema }: RecordBatch, name: string): boolean {
  return schema.fields.some((field) => field.name === name);
}

function fieldOf({ schema }: RecordBatch, name: string): Field {
  return schema.fields.find((field) => field.name === name) as Field;
}

function column(rows: RecordBatch, name: string): Data {
  const index = rows.schema.fields.findIndex((field) => field.name === name);
  if (index < 0)
    throw new FlowDcError(
      'FDC_ERR_SINK_PROTOCOL',
      `expected a batch with the column ${name}, got ${rows.schema.names.join(', ')}`,
    );
  return rows.data.children[index] as Data;
}
