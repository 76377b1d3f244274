/** An outcome table in img2dataset's columns, and the same back in ours. */
import type { Data, RecordBatch, Schema } from 'apache-arrow';
import { batchOf, utf8Column } from '../arrow/columns.ts';
import { textColumn } from '../arrow/text.ts';
import { isReaderColumn } from '../record.ts';
import { readRoles } from '../unit-rows.ts';
import { type NamedColumn, OUTCOME_COLUMNS } from './column-names.ts';
import {
  IMG2DATASET_COLUMNS,
  img2datasetKey,
  img2datasetMessage,
  img2datasetStatus,
  NO_EXIF,
  OWN_PREFIX,
} from './img2dataset-words.ts';
import { type Publish, publishedColumn } from './published.ts';
import type { Column, UnitOutcomes } from './unit-outcomes.ts';

/** Columns that are the same in both. */
const SHARED = new Set(['key', 'url', 'caption', 'sha256', 'width', 'height']);

/**
 * The manifest's columns but for URL and caption, under their own names: what the other program is asked for by
 * `save_additional_columns`. `manifest_<name>` where a name is one of its own.
 */
export function additionalColumns(schema: Schema): NamedColumn[] {
  const { url, caption } = readRoles(schema);
  const taken = new Set<string>([...IMG2DATASET_COLUMNS, 'url', 'caption']);
  return schema.fields.flatMap(({ name: given }, index) => {
    if (isReaderColumn(given) || given === url || given === caption) return [];
    let name = given.startsWith(OWN_PREFIX) ? `manifest_${given}` : given;
    while (taken.has(name)) name = `manifest_${name}`;
    taken.add(name);
    return [{ index, given, name }];
  });
}

/** See outcomeTable. */
export function img2datasetTable(
  outcomes: UnitOutcomes,
  { shard, batch }: { readonly shard: string; readonly batch: RecordBatch },
  publish: Publish,
): RecordBatch {
  const own = new Map(outcomes.columns(publish));
  const column = (name: string): Data => own.get(name) as Data;
  const codes = textColumn(column('code'));
  const statuses = textColumn(column('status'));
  const ended = (row: number): string | undefined =>
    statuses[row] === 'fetched' ? undefined : (codes[row] ?? 'unknown_error');
  const word = (row: number): string | null => (statuses[row] == null ? null : img2datasetStatus(ended(row)));
  const message = (row: number): string | null => {
    const code = ended(row);
    return code === undefined || statuses[row] == null ? null : img2datasetMessage(code);
  };
  const rows = [...statuses.keys()];
  const { caption } = readRoles(batch.schema);
  const columns: Column[] = [
    ...additionalColumns(batch.schema).map(
      ({ index, name }): Column => [name, publishedColumn(batch.data.children[index] as Data, publish, false)],
    ),
    ...(caption === undefined ? [] : [['caption', column('caption')] as const]),
    ['url', column('url')],
    ['key', utf8Column(rows.map((row) => img2datasetKey(shard, row)))],
    ['status', utf8Column(rows.map(word))],
    ['error_message', utf8Column(rows.map(message))],
    ...(['width', 'height'] as const).map((name): Column => [name, column(name)]),
    ...(['width', 'height'] as const).map((name): Column => [`original_${name}`, column(name)]),
    ['exif', utf8Column(rows.map((row) => (statuses[row] === 'fetched' ? NO_EXIF : null)))],
    ['sha256', column('sha256')],
    ...[...own].filter(([name]) => !SHARED.has(name)).map(([name, data]): Column => [`${OWN_PREFIX}${name}`, data]),
  ];
  return batchOf(columns, batch.schema.metadata);
}

/** Whether a table is in those columns. */
function isImg2datasetTable(names: readonly string[]): boolean {
  return names.includes(`${OWN_PREFIX}status`) && names.includes('error_message');
}

/** Such a table in our columns; any other as it is. */
export function inOwnColumns(batch: RecordBatch): RecordBatch {
  const { names } = batch.schema as { readonly names: readonly string[] };
  if (!isImg2datasetTable(names)) return batch;
  const at = (name: string): Data | undefined => batch.data.children[names.indexOf(name)];
  const theirs = new Set<string>([...IMG2DATASET_COLUMNS, 'url', 'caption']);
  const own = names.filter((name) => name.startsWith(OWN_PREFIX)).map((name) => name.slice(OWN_PREFIX.length));
  const inOrder = [...OUTCOME_COLUMNS, ...own.filter((name) => !(OUTCOME_COLUMNS as readonly string[]).includes(name))];
  const nulls = (): Data => utf8Column(Array.from({ length: batch.numRows }, () => null));
  const ours = inOrder.map((name): Column => [name, at(`${OWN_PREFIX}${name}`) ?? at(name) ?? nulls()]);
  const manifest = names
    .filter((name) => !theirs.has(name) && !name.startsWith(OWN_PREFIX))
    .map((name): Column => [inOrder.includes(name) ? `manifest_${name}` : name, at(name) as Data]);
  return batchOf([...ours, ...manifest], batch.schema.metadata);
}
