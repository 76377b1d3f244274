/** The account of a unit: one row per manifest row, in the unit's order, whatever became of it. */
import { type Data, DataType, type RecordBatch } from 'apache-arrow';
import { batchOf } from '../arrow/columns.ts';
import { ROW_COLUMN, SOURCE_FILE_COLUMN, SOURCE_ROW_COLUMN } from '../record.ts';
import { readRoles } from '../unit-rows.ts';
import { DEFAULT_RULES, type Publish, publishedColumn, publisher } from './published.ts';
import type { Column, UnitOutcomes } from './unit-outcomes.ts';

/**
 * Outcomes and the manifest's own columns as one batch.
 * @param batch - the unit's batch; its columns are passed on as buffers, so no value changes but by `publish`
 */
export function outcomeTable(
  outcomes: UnitOutcomes,
  batch: RecordBatch,
  publish: Publish = publisher(DEFAULT_RULES),
): RecordBatch {
  const own = outcomes.columns(publish);
  return batchOf([...own, ...manifestColumns(batch, own, publish)], batch.schema.metadata);
}

/**
 * The manifest's columns under their own names, `manifest_<name>` where an outcome column has it. The reader's row
 * columns are dropped, and so is a text column that plays the very role whose outcome column has its name: it would say
 * the same twice.
 */
function manifestColumns(batch: RecordBatch, own: readonly Column[], publish: Publish): Column[] {
  const taken = new Set(own.map(([name]) => name));
  const roles = readRoles(batch.schema);
  const columns: Column[] = [];
  batch.schema.fields.forEach((field, index) => {
    if ([ROW_COLUMN, SOURCE_FILE_COLUMN, SOURCE_ROW_COLUMN].includes(field.name)) return;
    const data = batch.data.children[index] as Data;
    const sameRole =
      (field.name === 'url' && roles.url === 'url') || (field.name === 'label' && roles.label === 'label');
    if (sameRole && (DataType.isUtf8(data.type) || DataType.isLargeUtf8(data.type))) return;
    const name = freeName(field.name, taken);
    taken.add(name);
    columns.push([name, publishedColumn(data, publish, field.name === roles.url)]);
  });
  return columns;
}

/** `name`, or the first of manifest_name, manifest_manifest_name, ... that is not taken. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name;
  while (taken.has(free)) free = `manifest_${free}`;
  return free;
}
