import type { RecordBatch } from 'apache-arrow';

/** Where the rows of all files go, each file's in order. */
export interface PartFiles {
  /** Most rows that the next `append` to a file may bring; at least 1. */
  room(file: number): number;
  /** Errors: FDC_ERR_DEST_FULL, FDC_ERR_DEST_IO, also those of earlier calls. */
  append(file: number, rows: RecordBatch): Promise<void>;
  /** Everything is in its file. Errors as `append`. */
  finish(): Promise<void>;
  /** Let go of threads; nothing is finished. Idempotent. */
  close(): Promise<void>;
}
