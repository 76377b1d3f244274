/**
 * The values that flow through the chain, and the names that the manifest reader gives to its own columns and to the
 * roles of the manifest's. How a batch becomes rows is in unit-rows.ts.
 *
 *   RecordBatch (manifest) -> Unit (partition) -> Delivery (distribute) -> FetchResult (fetch) -> UnitRecord (sink)
 */
import type { RecordBatch } from 'apache-arrow';
import type { RowCode } from './row-codes.ts';

/** `000012-1a2b3c4d`: 6-digit index, dash, 8 hex digits over the unit's row numbers and URLs. */
export type UnitId = string;

/** What a row that could not be read has in place of a URL; no URL has such a scheme. */
const BAD_ROW = 'flow_dc_bad_row:';

export function badRowMark(line: number, reason: string): string {
  return `${BAD_ROW} line ${line}${reason}`;
}

/** The same of a row that was read and cannot be used. */
export function unusableRowMark(reason: string): string {
  return `${BAD_ROW} ${reason}`;
}

/** Line and reason of a row that could not be read; undefined for a URL. */
export function badRowReason(url: string): string | undefined {
  return url.startsWith(BAD_ROW) ? url.slice(BAD_ROW.length + 1) : undefined;
}

/**
 * Columns that the manifest reader adds to every batch, in front of the manifest's own.
 * `row` counts over all inputs from 0; `source_row` counts within its file from 0 (both float64, exact to 2^53).
 */
export const ROW_COLUMN = 'flow_dc:row';
export const SOURCE_FILE_COLUMN = 'flow_dc:source_file';
export const SOURCE_ROW_COLUMN = 'flow_dc:source_row';
/** Of rows that are fetched again, behind the manifest's columns: what they were before, as `failed timeout_body`. */
export const BEFORE_COLUMN = 'flow_dc:before';
/** Of jobs that fetch every URL once, behind the manifest's columns: the first row with the same URL; float64, null. */
export const DUPLICATE_COLUMN = 'flow_dc:duplicate_of';
/** The number of a row's class, behind the manifest's columns; -1 without a label. See dataset/class-numbers.ts. */
export const CLASS_COLUMN = 'flow_dc:class';
/** Of rows that were taken again since, behind the manifest's columns: how they had ended, as `failed timeout_body`. */
export const ENDED_COLUMN = 'flow_dc:ended';
const READER_COLUMNS: readonly string[] = [
  ...[ROW_COLUMN, SOURCE_FILE_COLUMN, SOURCE_ROW_COLUMN],
  ...[BEFORE_COLUMN, DUPLICATE_COLUMN, ENDED_COLUMN, CLASS_COLUMN],
];

/** Whether a column of a batch is none of the manifest's own. */
export function isReaderColumn(name: string): boolean {
  return READER_COLUMNS.includes(name);
}

/** Arrow schema metadata key: how often the rows have been taken, from 2 on; absent the first time. */
export const ATTEMPT_SET_METADATA = 'flow_dc.attempt_set';

/** Arrow schema metadata keys that say which manifest column plays which role. */
export const ROLE_METADATA = {
  url: 'flow_dc.url',
  label: 'flow_dc.label',
  caption: 'flow_dc.caption',
  key: 'flow_dc.key',
} as const;

/** Arrow schema metadata key: JSON list of the columns with other URLs of the same file, in their order. */
export const MIRRORS_METADATA = 'flow_dc.mirrors';

/** Which manifest column plays which role, by column name. */
export interface ColumnRoles {
  readonly url: string;
  readonly label?: string;
  readonly caption?: string;
  readonly key?: string;
}

/** The rows of one output shard: what crosses the distributor. One unit becomes exactly one shard. */
export interface Unit {
  readonly id: UnitId;
  /** 6-digit shard name, the id's index part. */
  readonly shard: string;
  /** The manifest's rows with the reader's columns in front; roles in the schema's metadata. */
  readonly rows: RecordBatch;
  /** Hosts by first appearance; rows over all hosts sum to the batch's row count. */
  readonly hosts: readonly HostRows[];
}

export interface HostRows {
  /** Lower-case host[:port], or `!invalid` for URLs that cannot be fetched. */
  readonly host: string;
  readonly rows: number;
}

/** One manifest row as the fetch and sink stages see it. */
export interface UnitRow {
  /** Position within the unit, 0-based: also the row's position in `Unit.rows`. */
  readonly index: number;
  /** Row number over the whole manifest, 0-based. */
  readonly row: number;
  /** Sample key: 6-digit shard + 4-digit position, or the key column's value. */
  readonly key: string;
  /** As the manifest has it; '' for null. */
  readonly url: string;
  readonly label: string | null;
  readonly caption: string | null;
  /** Other URLs of the same file, to be asked in their order where the one before fails; absent without such columns. */
  readonly mirrors?: readonly string[] | undefined;
  readonly sourceFile: string;
  readonly sourceRow: number;
  /** The row in whose place this one is not fetched; null for none, absent where every row is fetched. */
  readonly duplicateOf?: number | null | undefined;
  /** How it had ended, `failed timeout_body`, before it was taken again; then it is not fetched for this line. */
  readonly ended?: string | null | undefined;
}

/** A unit while it is worked on. Every FetchResult points at the one it belongs to. */
export interface OpenUnit {
  readonly id: UnitId;
  readonly shard: string;
  /** How many results this unit will yield: the sink commits when it has seen as many. */
  readonly rows: number;
  readonly batch: RecordBatch;
  /** 1 on the first delivery; a hint for logs, never used for correctness. */
  readonly attempt: number;
  /** Aborts when the unit is no longer ours (lease lost, job cancelled, stage destroyed). */
  readonly signal: AbortSignal;
  /** Acknowledge. Call strictly after the commit and its roll-forward; losing the call is harmless. */
  done(): Promise<void>;
  /** Give the unit back after a thrown unit error: it is delivered again, or failed after `max_retries`. */
  fail(error: Error): Promise<void>;
}

/** Bytes of a reply above the spill threshold, in a file that `FetchResult.release()` removes. */
export interface SpilledBody {
  readonly path: string;
  readonly bytes: number;
}

/** What a reply's headers tell of a body that was not read. */
export interface AnnouncedBody {
  /**
   * Size in bytes: the total of a Content-Range, else the Content-Length; absent when neither is there, or the body is
   * encoded.
   */
  readonly bytes?: number;
  /** As the header has it, without parameters. */
  readonly contentType?: string;
}

export type RowStatus = 'fetched' | 'failed' | 'skipped';

/**
 * What became of one row. A row's failure is data: `status` is `failed` or `skipped` and `code` says why.
 * Times are milliseconds; `headersMs` is send to response headers, `totalMs` send to last body byte, both of the
 * last attempt and without any waiting for a permit.
 */
export interface RowResult<Row> {
  readonly row: Row;
  readonly status: RowStatus;
  /** Set unless `fetched`: a name from row-codes.ts, or `http_NNN`. */
  readonly code?: RowCode | undefined;
  /** One line for people; never holds a query string or credentials. */
  readonly message?: string | undefined;
  readonly host: string;
  /** Set when `fetched`. Buffer up to the spill threshold, a file above. */
  readonly body?: Buffer | SpilledBody | undefined;
  /**
   * The same bytes as they arrived, not joined, for those who write gathered; none for a body in a file. With `by-sink`
   * they are joined only when `body` is read.
   */
  readonly pieces?: readonly Buffer[] | undefined;
  /** Body size in bytes, 0 unless `fetched`. */
  readonly bytes: number;
  /** From the bytes themselves where a signature is known, else the reply's header without parameters. */
  readonly contentType?: string | undefined;
  /** True file extension for `contentType`, without dot. */
  readonly extension?: string | undefined;
  readonly httpStatus?: number | undefined;
  /** Lower-case hex, absent with `hash: false`. */
  readonly sha256?: string | undefined;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly headersMs?: number | undefined;
  readonly totalMs?: number | undefined;
  /** Waiting for the host's gate, over all attempts, with the pauses between them. */
  readonly queueMs?: number | undefined;
  /** Decoding, recognising, hashing and measuring the body. */
  readonly hashMs?: number | undefined;
  /** Requests sent for this row, redirect hops not counted. */
  readonly attempts: number;
  /** After redirects; the row's URL otherwise. */
  readonly finalUrl?: string | undefined;
  /** Wall clock, milliseconds since the epoch. */
  readonly fetchedAtMs: number;
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
  /**
   * What is odd about a stored body: `broken`, `bytes_before`, `bytes_behind`, `not_encoded`, `first_page`, `unchecked`; `mirror` when
   * it is from another of the row's URLs than the first.
   */
  readonly flags?: readonly string[] | undefined;
  /** Set when only headers were asked for; then there is no body. */
  readonly announced?: AnnouncedBody | undefined;
  /** Give the body's bytes back to the budget. Idempotent; the sink calls it once the bytes are written. */
  release(): void;
}

/** A row's result with the unit it belongs to: what the fetch stage hands to a sink. */
export interface FetchResult<Row = UnitRow> extends RowResult<Row> {
  readonly unit: OpenUnit;
}

/** One durable file (or staging folder) that a unit's commit makes visible. */
export interface Artifact {
  /** Final name relative to the destination, `^[\w.-]+$`; never a path. */
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  /** In an object store: the upload that completing makes visible, and what the store calls its parts, in order. */
  readonly upload?: { readonly id: string; readonly parts: readonly string[] };
}

/** The one fact that decides a unit. Written once by compare-and-set; whoever reads it may roll it forward. */
export interface UnitRecord {
  readonly unit: UnitId;
  /** Names the attempt whose staged artifacts count. */
  readonly token: string;
  readonly worker: string;
  /** rows == stored + failed + skipped */
  readonly rows: number;
  readonly stored: number;
  readonly failed: number;
  readonly skipped: number;
  /** Bytes of stored bodies, before any container overhead. */
  readonly bytes: number;
  /** At most 4. */
  readonly artifacts: readonly Artifact[];
  /** Rows by code, for failed and skipped ones. */
  readonly errors: Readonly<Record<string, number>>;
  /** Stored rows by the extension of their file, without dot; absent in records of earlier versions. */
  readonly media?: Readonly<Record<string, number>> | undefined;
  /** The host of all stored rows; absent where there are several, and in records of earlier versions. */
  readonly host?: string | undefined;
  /** Wall clock at commit, milliseconds since the epoch. */
  readonly committedAtMs: number;
  /** Set when all of its rows were in other units before: what sums over records must take off again. */
  readonly again?: RowsAgain | undefined;
}

/** What the rows of a unit were when they were taken the last time; none of them was stored. */
export interface RowsAgain {
  /** The unit's own `attempt_set`: 2 the second time. */
  readonly set: number;
  readonly failed: number;
  readonly skipped: number;
  /** Rows by code. */
  readonly errors: Readonly<Record<string, number>>;
}

/** The compare-and-set that makes a unit's output exactly once. First record wins, for ever. */
export interface Committer {
  record(unit: UnitId): Promise<UnitRecord | undefined>;
  /**
   * Offer a record. `won` is true when this record is the decided one (also when an earlier call with the same
   * token got through unnoticed); otherwise `record` is the winner's and the caller deletes what it staged.
   */
  commit(record: UnitRecord): Promise<{ readonly won: boolean; readonly record: UnitRecord }>;
}
