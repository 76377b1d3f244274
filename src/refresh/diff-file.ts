/** The diff of a refresh as a table: a row for every sample that was asked for, parquet or csv by its name. */
import type { RecordBatch } from 'apache-arrow';
import { batchOf, float64Column, int32Column, utf8Column } from '../arrow/columns.ts';
import type { StoredRow } from '../dataset/latest/stored-rows.ts';
import { OutcomeFile } from '../dataset/outcome-file.ts';
import type { RowResult } from '../record.ts';
import type { Verdict } from './verdict.ts';

/** A sample, what was answered, and what that means. */
export interface RefreshedRow {
  readonly stored: StoredRow;
  readonly verdict: Verdict;
  readonly code: string | undefined;
  readonly httpStatus: number | undefined;
  /** What a whole body brought; nothing is told of one that is the same. */
  readonly sha256: string | undefined;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

export function refreshedRow(verdict: Verdict, { row: stored, ...answer }: RowResult<StoredRow>): RefreshedRow {
  const { code, httpStatus, sha256, etag, lastModified } = answer;
  return { stored, verdict, code, httpStatus, sha256, etag, lastModified };
}

/** Rows that are written at once. */
const BATCH_ROWS = 1000;

export class DiffFile {
  readonly #file: OutcomeFile;
  #rows: RefreshedRow[] = [];

  constructor(path: string) {
    this.#file = new OutcomeFile(path);
  }

  /** Errors: those of OutcomeFile. */
  async add(row: RefreshedRow): Promise<void> {
    if (this.#rows.push(row) >= BATCH_ROWS) await this.#flush();
  }

  /** @returns whether there is a file: none is written where nothing was asked for */
  async close(): Promise<boolean> {
    if (this.#rows.length > 0) await this.#flush();
    if (this.#file.isBegun) await this.#file.close();
    return this.#file.isBegun;
  }

  async #flush(): Promise<void> {
    await this.#file.add(diffBatch(this.#rows));
    this.#rows = [];
  }
}

/** The columns of the table. */
function diffBatch(rows: readonly RefreshedRow[]): RecordBatch {
  const text = (of: (row: RefreshedRow) => string | undefined) => utf8Column(rows.map(of));
  return batchOf([
    ['key', text(({ stored }) => stored.key)],
    ['row', float64Column(rows.map(({ stored }) => stored.row))],
    ['url', text(({ stored }) => stored.url)],
    ['verdict', text(({ verdict }) => verdict)],
    ['code', text(({ code }) => code)],
    ['http_status', int32Column(rows.map(({ httpStatus }) => httpStatus))],
    ['old_etag', text(({ stored }) => stored.etag)],
    ['new_etag', text(({ etag }) => etag)],
    ['old_last_modified', text(({ stored }) => stored.lastModified)],
    ['new_last_modified', text(({ lastModified }) => lastModified)],
    ['old_sha256', text(({ stored }) => stored.sha256)],
    ['new_sha256', text(({ sha256 }) => sha256)],
  ]);
}
