/** The account of a unit: one row per manifest row, in the unit's order, whatever became of it. */
import { type Data, DataType, type RecordBatch } from 'apache-arrow';
import { batchOf } from '../arrow/columns.ts';
import { readRoles } from '../unit-rows.ts';
import { manifestColumns } from './column-names.ts';
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
  return batchOf([...outcomes.columns(publish), ...columnsOf(batch, publish)], batch.schema.metadata);
}

/**
 * The manifest's columns. A text column whose name is taken is left out where it plays the role of url, label or
 * caption: a column of ours says the same.
 */
function columnsOf(batch: RecordBatch, publish: Publish): Column[] {
  const { url, label, caption } = readRoles(batch.schema);
  return manifestColumns(batch.schema).flatMap(({ index, given, name }) => {
    const data = batch.data.children[index] as Data;
    const isText = DataType.isUtf8(data.type) || DataType.isLargeUtf8(data.type);
    if (isText && name !== given && [url, label, caption].includes(given)) return [];
    return [[name, publishedColumn(data, publish, given === url)]];
  });
}
