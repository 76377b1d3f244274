/** Outcome tables read back: whole for verifying, row by row for a report. */
import { DataType, type RecordBatch } from 'apache-arrow';
import { textColumn } from '../arrow/text.ts';
import { columnOf, decodeParquet } from './parquet-file.ts';
import { PLACEHOLDER } from './unit-outcomes.ts';

/** What an outcome table says about one stored sample. */
export interface ExpectedSample {
  /** Path in the shard or folder. */
  readonly name: string;
  readonly bytes: number;
  /** Absent when the run did not hash. */
  readonly sha256: string | undefined;
}

/** A unit's outcome table, as far as verifying needs it. */
export interface UnitOutcomes {
  readonly rows: readonly number[];
  /** Null where the manifest has none; undefined where it was forgotten when the row was taken out. */
  readonly urls: readonly (string | null | undefined)[];
  readonly keys: readonly string[];
  readonly statuses: readonly string[];
  readonly samples: readonly ExpectedSample[];
}

/**
 * Read what verifying needs.
 * @param table - the file's bytes, whose checksum was found right. Throws what the reader throws, TypeError for missing
 * columns.
 */
export function readUnitOutcomes(table: Uint8Array): UnitOutcomes {
  const rows: number[] = [];
  const urls: (string | null | undefined)[] = [];
  const keys: string[] = [];
  const statuses: string[] = [];
  const samples: ExpectedSample[] = [];
  for (const batch of decodeParquet(table)) {
    const { text, numbers } = readersOf(batch);
    const [key, status, name, sha256] = [text('key'), text('status'), text('name'), text('sha256')] as const;
    const [row, bytes, url, code] = [numbers('row'), numbers('bytes'), text('url'), text('code')] as const;
    for (let i = 0; i < batch.numRows; i += 1) {
      rows.push(row(i));
      urls.push(url[i] ?? (code[i] === 'invalid_url' ? null : undefined));
      keys.push(key[i] ?? '');
      statuses.push(status[i] ?? '');
      const path = name[i] ?? undefined;
      if (path !== undefined) samples.push({ name: path, bytes: bytes(i), sha256: sha256[i] ?? undefined });
    }
  }
  return { rows, urls, keys, statuses, samples };
}

/** The row numbers alone; see readUnitOutcomes. */
export function* rowNumbers(table: Uint8Array): Generator<number> {
  for (const batch of decodeParquet(table, ['row'])) {
    const row = readersOf(batch).numbers('row');
    for (let i = 0; i < batch.numRows; i += 1) yield row(i);
  }
}

/** How every row ended; `code` is '' for stored ones. See readUnitOutcomes. */
export function* endedRows(table: Uint8Array): Generator<{ row: number; status: string; code: string }> {
  for (const batch of decodeParquet(table, ['row', 'status', 'code'])) {
    const { text, numbers } = readersOf(batch);
    const [row, status, code] = [numbers('row'), text('status'), text('code')] as const;
    for (let i = 0; i < batch.numRows; i += 1)
      yield { row: row(i), status: status[i] ?? '', code: code[i] ?? 'unknown_error' };
  }
}

/** Row, label ('' for none), and path where it is stored, of every row; see readUnitOutcomes. */
export function* classRows(table: Uint8Array): Generator<{ row: number; label: string; name: string | undefined }> {
  for (const batch of decodeParquet(table, ['row', 'label', 'name'])) {
    const { text, numbers } = readersOf(batch);
    const [row, label, name] = [numbers('row'), text('label'), text('name')] as const;
    for (let i = 0; i < batch.numRows; i += 1) yield { row: row(i), label: label[i] ?? '', name: name[i] ?? undefined };
  }
}

/** Rows with their URLs and keys as they are published, '' for none; see readUnitOutcomes. */
export function* endedUrls(
  table: Uint8Array,
): Generator<{ row: number; url: string; key: string; status: string; code: string }> {
  for (const batch of decodeParquet(table, ['row', 'url', 'key', 'status', 'code'])) {
    const { text, numbers } = readersOf(batch);
    const [row, url, key] = [numbers('row'), text('url'), text('key')] as const;
    const [status, code] = [text('status'), text('code')] as const;
    for (let i = 0; i < batch.numRows; i += 1)
      yield { row: row(i), url: url[i] ?? '', key: key[i] ?? '', status: status[i] ?? '', code: code[i] ?? '' };
  }
}

/** One row of an outcome table, as far as a report needs it. Numbers are NaN where the table has none. */
export interface OutcomeRow {
  readonly host: string;
  readonly status: string;
  /** '' for stored rows. */
  readonly code: string;
  readonly bytes: number;
  readonly headersMs: number;
  readonly totalMs: number;
  readonly fetchedAtMs: number;
  readonly flags: readonly string[];
}

const REPORTED = ['row', 'host', 'status', 'code', 'bytes', 'headers_ms', 'total_ms', 'fetched_at', 'flags'];

/** Read what a report needs, row by row; see readUnitOutcomes. */
export function* outcomeRows(table: Uint8Array): Generator<OutcomeRow & { readonly row: number }> {
  for (const batch of decodeParquet(table, REPORTED)) {
    const { text, numbers } = readersOf(batch);
    const [host, status, code, flags] = [text('host'), text('status'), text('code'), text('flags')] as const;
    const [row, bytes, headersMs] = [numbers('row'), numbers('bytes'), numbers('headers_ms')] as const;
    const [totalMs, fetchedAtMs] = [numbers('total_ms'), numbers('fetched_at')] as const;
    for (let i = 0; i < batch.numRows; i += 1) {
      yield {
        row: row(i),
        ...{ host: host[i] ?? '', status: status[i] ?? '', code: code[i] ?? '', flags: flagsOf(flags[i] ?? '[]') },
        ...{ bytes: bytes(i), headersMs: headersMs(i), totalMs: totalMs(i), fetchedAtMs: fetchedAtMs(i) },
      };
    }
  }
}

/** One row of the table of a unit that is not committed: all that has to be known to go on with it. */
export interface KeptRow {
  /** Path of the sample in its container; undefined unless stored. */
  readonly name: string | undefined;
  readonly status: 'fetched' | 'failed' | 'skipped';
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly host: string;
  readonly bytes: number;
  readonly contentType: string | undefined;
  readonly sha256: string | undefined;
  readonly width: number | undefined;
  readonly height: number | undefined;
  readonly httpStatus: number | undefined;
  readonly attempts: number;
  readonly headersMs: number | undefined;
  readonly totalMs: number | undefined;
  readonly fetchedAtMs: number;
  readonly finalUrl: string | undefined;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  readonly flags: readonly string[];
}

/** The rows that have a result, by their position in the unit; see readUnitOutcomes. */
export function keptRows(table: Uint8Array): Map<number, KeptRow> {
  const rows = new Map<number, KeptRow>();
  let start = 0;
  for (const batch of decodeParquet(table)) {
    const { text, numbers } = readersOf(batch);
    const texts = (name: string): ((row: number) => string | undefined) => {
      const values = text(name);
      return (row) => values[row] ?? undefined;
    };
    const known = (name: string): ((row: number) => number | undefined) => {
      const value = numbers(name);
      return (row) => (Number.isNaN(value(row)) ? undefined : value(row));
    };
    const message = hasMessages(batch) ? texts('message') : () => undefined;
    const [name, status, code, host] = [texts('name'), texts('status'), texts('code'), texts('host')] as const;
    const [contentType, sha256, finalUrl] = [texts('content_type'), texts('sha256'), texts('final_url')] as const;
    const [etag, lastModified, flags] = [texts('etag'), texts('last_modified'), texts('flags')] as const;
    const [bytes, width, height] = [known('bytes'), known('width'), known('height')] as const;
    const [httpStatus, attempts, at] = [known('http_status'), known('attempts'), known('fetched_at')] as const;
    const [headersMs, totalMs] = [known('headers_ms'), known('total_ms')] as const;
    for (let i = 0; i < batch.numRows; i += 1) {
      const ended = status(i) as KeptRow['status'] | undefined;
      if (ended === undefined) continue;
      rows.set(start + i, {
        ...{ name: name(i), status: ended, code: code(i), message: message(i), host: host(i) ?? '' },
        ...{ bytes: bytes(i) ?? 0, contentType: contentType(i), sha256: sha256(i), width: width(i), height: height(i) },
        ...{ httpStatus: httpStatus(i), attempts: attempts(i) ?? 0, headersMs: headersMs(i), totalMs: totalMs(i) },
        ...{ fetchedAtMs: at(i) ?? 0, finalUrl: finalUrl(i), etag: etag(i), lastModified: lastModified(i) },
        // That is seen anew over all rows.
        flags: flagsOf(flags(i) ?? '[]').filter((flag) => flag !== PLACEHOLDER),
      });
    }
    start += batch.numRows;
  }
  return rows;
}

/** In tables of earlier versions a column of that name is the manifest's own, behind ours. */
function hasMessages({ schema: { names } }: RecordBatch): boolean {
  return names.indexOf('message') === names.indexOf('code') + 1;
}

function readersOf(batch: RecordBatch) {
  return {
    text: (name: string): (string | null)[] => textColumn(columnOf(batch, name)),
    /** An integer, float or timestamp column (all in their own unit); NaN for null. */
    numbers: (name: string): ((row: number) => number) => {
      const data = columnOf(batch, name);
      const { type, values } = data;
      if (!DataType.isInt(type) && !DataType.isFloat(type) && !DataType.isTimestamp(type))
        throw new TypeError(`expected a column of numbers, got ${type}`);
      const hasNulls = data.nullCount > 0;
      return (row) => (hasNulls && !data.getValid(row) ? Number.NaN : Number(values[row]));
    },
  };
}

function flagsOf(text: string): readonly string[] {
  return text === '[]' ? [] : (JSON.parse(text) as string[]);
}
