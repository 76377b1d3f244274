/**
 * Where a dataset goes. A destination keeps two promises: what is staged under a token is invisible to readers until
 * a record names it, and rolling a record forward is idempotent, by anyone, any number of times.
 */
import type { Artifact, UnitId, UnitRecord } from '../record.ts';

export interface Destination {
  /** For messages: a path or URL without credentials. */
  readonly name: string;
  /** Folder on a local disk for bodies that do not stay in memory. */
  readonly spillFolder: string;
  /** Begin an attempt at a unit. `token` is new per attempt. */
  stage(unit: UnitId, token: string): Promise<Staging>;
  /**
   * Make a decided record's artifacts visible under their final names.
   * Errors: FDC_ERR_DEST_IO when an artifact is neither staged nor final.
   */
  rollForward(record: UnitRecord): Promise<void>;
  /** Delete what attempts without a record left behind (crashes, lost races). */
  sweep(isDecided: (unit: UnitId, token: string) => Promise<boolean>): Promise<void>;
  /** Write a file beside the shards, atomically (write, fsync, rename). A stream is for what does not fit in memory. */
  putFile(name: string, content: string | Uint8Array | AsyncIterable<Uint8Array>): Promise<void>;
  /** An artifact that was rolled forward, or a file that was put. Errors: FDC_ERR_DEST_IO when it is not there. */
  readFile(name: string): Promise<Uint8Array>;
}

/** One attempt at one unit. */
export interface Staging {
  /** A file that becomes artifact `name`. */
  createFile(name: string): Promise<StagedFile>;
  /**
   * Loose files that are made visible one by one under their own paths. The artifact `name` is the hashed list of them,
   * so that one entry of a record stands for thousands of files.
   */
  createFolder(name: string): Promise<StagedFolder>;
  /** Every file closed: make the whole attempt durable. Call before the commit. */
  sync(): Promise<void>;
  /** Remove everything staged. Idempotent; also called for the loser of a commit. */
  discard(): Promise<void>;
}

export interface StagedFile {
  /** Append; resolves when the destination wants more. Chunks may be reused by the caller afterwards. */
  write(chunks: readonly Uint8Array[]): Promise<void>;
  /** fsync and close. */
  close(): Promise<Artifact>;
}

export interface StagedFolder {
  /** @param path - relative, `/` between its parts, no `.` or `..` part; two files never share one */
  createFile(path: string): Promise<StagedFile>;
  /** Every file closed: write the list. */
  close(): Promise<Artifact>;
}
