/** Rows of an outcome table whose samples are gone: what is left of them, and what is not. */
import { Data, type RecordBatch, Schema } from 'apache-arrow';
import { schemaBatch, utf8Column } from '../../arrow/columns.ts';
import { takeRows } from '../../arrow/take.ts';
import { textColumn } from '../../arrow/text.ts';
import { OUTCOME_COLUMNS } from '../column-names.ts';
import { inColumnsOf, inOwnColumns } from '../img2dataset-table.ts';
import { columnOf, decodeAsWritten, encodeParquet } from '../parquet-file.ts';

/** What is taken out of a unit. */
export interface Removal {
  /** Of the manifest. */
  readonly rows: ReadonlySet<number>;
  /** Why: the rows' code from now on. */
  readonly code: 'removed' | 'replaced';
  /** Nothing stays of a row but where it stood in the manifest, also of one without a sample. */
  readonly forget: boolean;
}

/** A unit's table without what was taken out. */
export interface ThinnedTable {
  readonly table: Uint8Array;
  /** Names of samples that are gone, and of those that stay. */
  readonly gone: ReadonlySet<string>;
  readonly staying: ReadonlySet<string>;
  /** Of the samples that are gone. */
  readonly bytes: number;
}

/** What a tombstone keeps of our own columns. */
const KEPT: ReadonlySet<string> = new Set([
  'key',
  'row',
  'source_file',
  'source_row',
  'attempts',
  'attempt_set',
  'fetched_at',
]);
const KEPT_TEXTS: ReadonlySet<string> = new Set(['url', 'label', 'caption', 'host', 'duplicate_of']);
/** What `forget` takes of any row. */
const FORGOTTEN: ReadonlySet<string> = new Set(['url', 'final_url', 'label', 'caption', 'host', 'message']);
const OWN: ReadonlySet<string> = new Set(OUTCOME_COLUMNS);

/** @param content - of the right bytes. @returns undefined where nothing is taken out */
export function thinnedTable(content: Uint8Array, removal: Removal): ThinnedTable | undefined {
  const [gone, staying] = [new Set<string>(), new Set<string>()];
  let [bytes, isChanged] = [0, false];
  const written = decodeAsWritten(content);
  const batches = written.map((batch) => {
    const whole = inOwnColumns(takeRows([batch], everyRow(batch)));
    const [names, statuses] = [textColumn(columnOf(whole, 'name')), textColumn(columnOf(whole, 'status'))];
    const numbers = columnOf(whole, 'row').values as ArrayLike<number | bigint>;
    const sizes = columnOf(whole, 'bytes').values as ArrayLike<number | bigint>;
    const taken: number[] = [];
    const forgotten: number[] = [];
    for (const [at, name] of names.entries()) {
      const isMeant = removal.rows.has(Number(numbers[at]));
      if (isMeant && removal.forget) forgotten.push(at);
      if (name === null || statuses[at] !== 'fetched') continue;
      (isMeant ? gone : staying).add(name);
      if (!isMeant) continue;
      bytes += Number(sizes[at]);
      taken.push(at);
    }
    isChanged ||= taken.length + forgotten.length > 0;
    return withoutTexts(withTombstones(whole, taken, removal.code), forgotten);
  });
  if (!isChanged) return undefined;
  const all = batches.length === 1 ? (batches[0] as RecordBatch) : joined(batches);
  const names = written[0]?.schema.names as readonly string[];
  return { table: encodeParquet(inColumnsOf(names, all)), gone, staying, bytes };
}

/** A table as it is written anew, with nothing left of the rows at these positions but where they stood. */
export function forgetRows(table: RecordBatch, forgotten: readonly number[]): RecordBatch {
  if (forgotten.length === 0) return table;
  const whole = inOwnColumns(takeRows([table], everyRow(table)));
  return inColumnsOf(table.schema.names as string[], withoutTexts(whole, forgotten));
}

function everyRow({ numRows }: RecordBatch) {
  return { batches: new Uint8Array(numRows), rows: Array.from({ length: numRows }, (_, row) => row) };
}

function joined(batches: readonly RecordBatch[]): RecordBatch {
  const picks = { batches: [] as number[], rows: [] as number[] };
  batches.forEach(({ numRows }, batch) => {
    for (let row = 0; row < numRows; row += 1) {
      picks.batches.push(batch);
      picks.rows.push(row);
    }
  });
  return takeRows(batches, picks);
}

function withTombstones(batch: RecordBatch, taken: readonly number[], code: Removal['code']): RecordBatch {
  return mapped(batch, taken, (column, name, isOwn) => {
    if (!isOwn || KEPT.has(name) || KEPT_TEXTS.has(name)) return column;
    if (name === 'status') return withText(column, taken, 'skipped');
    if (name === 'code') return withText(column, taken, code);
    return name === 'bytes' ? withZeros(column, taken) : withNulls(column, taken);
  });
}

function withoutTexts(batch: RecordBatch, forgotten: readonly number[]): RecordBatch {
  return mapped(batch, forgotten, (column, name, isOwn) =>
    isOwn && !FORGOTTEN.has(name) ? column : withNulls(column, forgotten),
  );
}

function mapped(
  batch: RecordBatch,
  rows: readonly number[],
  change: (column: Data, name: string, isOwn: boolean) => Data,
): RecordBatch {
  if (rows.length === 0) return batch;
  const { fields, metadata } = batch.schema;
  const isOwn = ownColumns(batch);
  const children = batch.data.children.map((column, at) => change(column, fields[at]?.name ?? '', isOwn[at] === true));
  return schemaBatch(new Schema([...fields], metadata), batch.numRows, children);
}

/** Ours come first, each once; a manifest's column of the same name, of a table of an earlier version, behind them. */
function ownColumns({ schema }: RecordBatch): boolean[] {
  const seen = new Set<string>();
  let isBehind = false;
  return schema.names.map((name) => {
    const text = String(name);
    isBehind ||= !OWN.has(text) || seen.has(text);
    seen.add(text);
    return !isBehind;
  });
}

function withText(column: Data, rows: readonly number[], text: string): Data {
  const texts = textColumn(column);
  for (const row of rows) texts[row] = text;
  return utf8Column(texts);
}

function withZeros(column: Data, rows: readonly number[]): Data {
  const values = column.values.slice();
  for (const row of rows) values[row] = typeof values[row] === 'bigint' ? 0n : 0;
  return new Data(column.type, 0, column.length, column.nullCount, [undefined, values, column.nullBitmap] as never);
}

/** A null has no bytes in a parquet file, whatever stood there. */
function withNulls(column: Data, rows: readonly number[]): Data {
  const bitmap = new Uint8Array((column.length + 7) >> 3);
  const gone = new Set(rows);
  let nulls = 0;
  for (let row = 0; row < column.length; row += 1) {
    if (gone.has(row) || !column.getValid(row)) nulls += 1;
    else bitmap[row >> 3] = (bitmap[row >> 3] as number) | (1 << (row & 7));
  }
  const buffers = [column.valueOffsets, column.values, bitmap, column.typeIds];
  return new Data(column.type, 0, column.length, nulls, buffers as never, column.children, column.dictionary);
}
