/** The account of a unit: one row per manifest row, in the unit's order, whatever became of it. */
import {
  type Data,
  DataType,
  Field,
  Int64,
  List,
  makeData,
  type RecordBatch,
  TimestampMillisecond,
  Utf8,
} from 'apache-arrow';
import { batchOf, float64Column, int32Column, utf8Column } from '../arrow/columns.ts';
import { type FetchResult, ROW_COLUMN, SOURCE_FILE_COLUMN, SOURCE_ROW_COLUMN, type UnitRow } from '../record.ts';
import { readRoles } from '../unit-rows.ts';

type Kept =
  | ('status' | 'code' | 'host' | 'attempts' | 'httpStatus' | 'finalUrl' | 'fetchedAtMs' | 'headersMs' | 'totalMs')
  | ('bytes' | 'sha256' | 'contentType' | 'width' | 'height' | 'etag' | 'lastModified');

/** What a unit keeps of a result once its body is written. Every field is there, so that all rows have one shape. */
export type RowOutcome = { readonly [Field in Kept]: FetchResult[Field] } & {
  /** Path of the sample in its shard or folder; undefined unless stored. */
  readonly name: string | undefined;
};

/** @param sha256 - of the body, when the writing of it found it out */
export function rowOutcome(result: FetchResult, name: string | undefined, sha256 = result.sha256): RowOutcome {
  // Field by field: a copied object would keep the body's memory alive until the commit.
  const { status, code, host, attempts, httpStatus, finalUrl, fetchedAtMs, headersMs, totalMs } = result;
  const { bytes, contentType, width, height, etag, lastModified } = result;
  const reply = { status, code, host, attempts, httpStatus, finalUrl, fetchedAtMs, headersMs, totalMs };
  return { ...reply, bytes, sha256, contentType, width, height, etag, lastModified, name };
}

type Column = readonly [name: string, data: Data];

/**
 * Outcomes and the manifest's own columns as one batch.
 * @param rows - the unit's rows in order
 * @param outcomes - one per row
 * @param batch - the unit's batch; its columns are passed on as buffers, so no value changes
 */
export function outcomeTable(
  rows: readonly UnitRow[],
  outcomes: readonly RowOutcome[],
  batch: RecordBatch,
): RecordBatch {
  const own = [...identityColumns(rows, outcomes), ...replyColumns(outcomes)];
  return batchOf([...own, ...manifestColumns(batch, own)], batch.schema.metadata);
}

function identityColumns(rows: readonly UnitRow[], outcomes: readonly RowOutcome[]): Column[] {
  return [
    ['key', utf8Column(rows.map((row) => row.key))],
    ['name', utf8Column(outcomes.map((outcome) => outcome.name))],
    ['row', int64Column(rows.map((row) => row.row))],
    ['source_file', utf8Column(rows.map((row) => row.sourceFile))],
    ['source_row', int64Column(rows.map((row) => row.sourceRow))],
    ['url', utf8Column(rows.map((row) => (row.url === '' ? null : row.url)))],
    ['final_url', utf8Column(outcomes.map((outcome) => outcome.finalUrl))],
    ['label', utf8Column(rows.map((row) => row.label))],
  ];
}

function replyColumns(outcomes: readonly RowOutcome[]): Column[] {
  const placeholders = placeholderFlags(outcomes);
  const text = (read: (outcome: RowOutcome) => string | undefined): Data => utf8Column(outcomes.map(read));
  const small = (read: (outcome: RowOutcome) => number | undefined): Data => int32Column(outcomes.map(read));
  const times = (read: (outcome: RowOutcome) => number | undefined): Data => float64Column(outcomes.map(read));
  return [
    ['status', text((outcome) => outcome.status)],
    ['code', text((outcome) => outcome.code)],
    ['http_status', small((outcome) => outcome.httpStatus)],
    ['bytes', int64Column(outcomes.map((outcome) => outcome.bytes))],
    ['content_type', text((outcome) => outcome.contentType)],
    ['sha256', text((outcome) => outcome.sha256)],
    ['width', small((outcome) => outcome.width)],
    ['height', small((outcome) => outcome.height)],
    ['attempts', small((outcome) => outcome.attempts)],
    // Every later run over the same rows writes a higher number; readers take the highest.
    ['attempt_set', small(() => 1)],
    ['headers_ms', times((outcome) => outcome.headersMs)],
    ['total_ms', times((outcome) => outcome.totalMs)],
    ['fetched_at', timestampColumn(outcomes.map((outcome) => outcome.fetchedAtMs))],
    ['etag', text((outcome) => outcome.etag)],
    ['last_modified', text((outcome) => outcome.lastModified)],
    ['host', text((outcome) => outcome.host)],
    ['flags', flagsColumn(placeholders)],
  ];
}

/**
 * The manifest's columns under their own names, `manifest_<name>` where an outcome column has it. The reader's row
 * columns are dropped, and so is a text column that plays the very role whose outcome column has its name: it would say
 * the same twice.
 */
function manifestColumns(batch: RecordBatch, own: readonly Column[]): Column[] {
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
    columns.push([name, data]);
  });
  return columns;
}

/** `name`, or the first of manifest_name, manifest_manifest_name, ... that is not taken. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name;
  while (taken.has(free)) free = `manifest_${free}`;
  return free;
}

function int64Column(values: readonly number[]): Data<Int64> {
  return makeData({ type: new Int64(), length: values.length, nullCount: 0, data: BigInt64Array.from(values, BigInt) });
}

function timestampColumn(values: readonly number[]): Data<TimestampMillisecond> {
  const data = BigInt64Array.from(values, (value) => BigInt(Math.round(value)));
  return makeData({ type: new TimestampMillisecond('UTC'), length: values.length, nullCount: 0, data });
}

/** Rows per host with the same content above which it is taken for a "no longer available" picture. */
const PLACEHOLDER_ROWS = 50;

/** Which rows hold a body that more than 50 rows of the same host have as well. One entry per outcome. */
function placeholderFlags(outcomes: readonly RowOutcome[]): boolean[] {
  const rows = new Map<string, number>();
  const contentOf = (outcome: RowOutcome): string | undefined =>
    outcome.sha256 === undefined || outcome.status !== 'fetched' ? undefined : `${outcome.sha256} ${outcome.host}`;
  for (const outcome of outcomes) {
    const content = contentOf(outcome);
    if (content !== undefined) rows.set(content, (rows.get(content) ?? 0) + 1);
  }
  return outcomes.map((outcome) => (rows.get(contentOf(outcome) ?? '') ?? 0) > PLACEHOLDER_ROWS);
}

/** A list per row: `['placeholder']` or empty. */
function flagsColumn(placeholders: readonly boolean[]): Data<List<Utf8>> {
  const valueOffsets = new Int32Array(placeholders.length + 1);
  placeholders.forEach((flagged, index) => {
    valueOffsets[index + 1] = (valueOffsets[index] as number) + (flagged ? 1 : 0);
  });
  const words = utf8Column(placeholders.filter((flagged) => flagged).map(() => 'placeholder'));
  const type = new List(new Field('item', new Utf8(), true));
  return makeData({ type, length: placeholders.length, nullCount: 0, valueOffsets, child: words });
}
