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
  const statuses = textColumn(column('status'));
  const ends = endColumns(statuses, textColumn(column('code')));
  const { caption } = readRoles(batch.schema);
  const columns: Column[] = [
    ...additionalColumns(batch.schema).map(
      ({ index, name }): Column => [name, publishedColumn(batch.data.children[index] as Data, publish, false)],
    ),
    ...(caption === undefined ? [] : [['caption', column('caption')] as const]),
    ['url', column('url')],
    ['key', utf8Column(statuses.map((_, row) => img2datasetKey(shard, row)))],
    ['status', ends.status()],
    ['error_message', ends.error_message()],
    ...(['width', 'height'] as const).map((name): Column => [name, column(name)]),
    ...(['width', 'height'] as const).map((name): Column => [`original_${name}`, column(name)]),
    ['exif', ends.exif()],
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

/** The way back: a table of ours in the columns `names` of the table that it came from. */
export function inColumnsOf(names: readonly string[], batch: RecordBatch): RecordBatch {
  if (!isImg2datasetTable(names)) return batch;
  const theirs = new Set<string>([...IMG2DATASET_COLUMNS, 'url', 'caption']);
  const column = (name: string): Data => batch.data.children[batch.schema.names.indexOf(name)] as Data;
  const [codes, statuses] = [textColumn(column('code')), textColumn(column('status'))];
  const words: Readonly<Record<string, () => Data>> = {
    ...endColumns(statuses, codes),
    original_width: () => column('width'),
    original_height: () => column('height'),
  };
  const manifest = names.filter((name) => !theirs.has(name) && !name.startsWith(OWN_PREFIX));
  const columns = names.map((name): Column => {
    // They stand last, in their order, and may be called otherwise.
    const at = manifest.indexOf(name);
    if (at >= 0) return [name, batch.data.children.at(at - manifest.length) as Data];
    if (name.startsWith(OWN_PREFIX)) return [name, column(name.slice(OWN_PREFIX.length))];
    return [name, words[name]?.() ?? column(name)];
  });
  return batchOf(columns, batch.schema.metadata);
}

/** How rows ended, in its words. */
function endColumns(statuses: readonly (string | null)[], codes: readonly (string | null)[]) {
  const column = (word: (code: string | undefined) => string | null) => (): Data =>
    utf8Column(
      statuses.map((status, row) =>
        status == null ? null : word(status === 'fetched' ? undefined : (codes[row] ?? 'unknown_error')),
      ),
    );
  return {
    status: column(img2datasetStatus),
    error_message: column((code) => (code === undefined ? null : img2datasetMessage(code))),
    exif: column((code) => (code === undefined ? NO_EXIF : null)),
  };
}
