/** Where the rows of all files go, as an interface. */
import type { RecordBatch } from 'apache-arrow';

/** Where the rows of all files go, each file's in order. */
export interface PartFiles {
  /**
   * Append rows of a batch, told by their numbers, to a file. Errors: FDC_ERR_DEST_FULL, FDC_ERR_DEST_IO, also those of
   * earlier calls.
   */
  append(file: number, batch: RecordBatch, rows: Uint32Array): Promise<void>;
  /** Everything is in its file. Errors as `append`. */
  finish(): Promise<void>;
  /** Let go of threads; nothing is finished. Idempotent. */
  close(): Promise<void>;
}
