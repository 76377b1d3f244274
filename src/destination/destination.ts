/**
 * Where a dataset goes, and what an error met there means. A destination keeps two promises: what is staged under a
 * token is invisible to readers until a record names it, and rolling a record forward is idempotent, by anyone, any
 * number of times.
 */
import { type ErrorCode, FlowDcError, isFlowDcError } from '../errors.ts';
import type { Artifact, UnitId, UnitRecord } from '../record.ts';

/** The points of a unit's commit between which a crash makes a difference. */
export type CommitStep = 'staged' | 'synced' | 'committed' | 'rolled';

export interface Destination {
  /** For messages: a path or URL without credentials. */
  readonly name: string;
  /** Folder on a local disk for bodies that do not stay in memory. */
  readonly spillFolder: string;
  /** Folder for notes about rows that ended a worker, which all workers see. */
  readonly poisonFolder: string;
  /** A file that names what was taken out for good; absent where nothing can be. */
  readonly removedFile?: string | undefined;
  /** What such a file says, where it is no file of this machine. */
  readonly removedList?: string | undefined;
  /** How many units may be in their commit at a time, when not as many as suit a disk. */
  readonly commitsAtOnce?: number | undefined;
  /**
   * Make contact with what lies beyond this machine, before anything is fetched; absent where nothing does.
   * Errors: FDC_ERR_DEST_UNWRITABLE, FDC_ERR_DEST_FOREIGN.
   */
  reach?(job: JobThere): Promise<void>;
  /**
   * Before the dataset is finished: nobody else has begun to work there, and every artifact is there.
   * Errors: FDC_ERR_DEST_FOREIGN, FDC_ERR_DEST_IO.
   */
  assertOwn?(records: AsyncIterable<UnitRecord>): Promise<void>;
  /** The job does not work there any more. Idempotent, and no harm where it fails. */
  leave?(job: string): Promise<void>;
  /** Begin an attempt at a unit. `token` is new per attempt. */
  stage(unit: UnitId, token: string): Promise<Staging>;
  /**
   * Make a decided record's artifacts visible under their final names.
   * Errors: FDC_ERR_DEST_IO when an artifact is neither staged nor final.
   */
  rollForward(record: UnitRecord): Promise<void>;
  /**
   * Delete what attempts without a record left behind (crashes, lost races).
   * @param records - every record there is, for a destination where what is staged bears no name of its attempt
   */
  sweep(
    isDecided: (unit: UnitId, token: string) => Promise<boolean>,
    records: () => AsyncIterable<UnitRecord>,
  ): Promise<void>;
  /** Write a file beside the shards, atomically: readers see the old content or the new one. A stream is for what does not fit in memory. */
  putFile(name: string, content: string | Uint8Array | AsyncIterable<Uint8Array>): Promise<void>;
  /** An artifact that was rolled forward, or a file that was put. Errors: FDC_ERR_DEST_IO when it is not there. */
  readFile(name: string): Promise<Uint8Array>;
  /** The run ends now: what is under way is given up, and whoever waits for it gets the reason. */
  halt?(reason: Error): void;
  /** The run is to end: what is under way may go on so long, ms, and nothing that fails is tried again. */
  windDown?(reason: Error, leftMs: number): void;
}

/** A job that begins to work beyond this machine. */
export interface JobThere {
  /** Nothing of it was committed yet. */
  readonly isNew: boolean;
  /** It may replace what it finds there. */
  readonly replaces: boolean;
  /** What others see there; absent for who only takes part. */
  readonly mark?: JobMark | undefined;
}

export interface JobMark {
  /** Of the job. */
  readonly id: string;
  readonly content: string;
  /** What another job's mark says: who that is, and whether it is gone. */
  judge(content: string): { readonly who: string; readonly isGone: boolean };
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
  /**
   * Every file closed: put the whole attempt aside, durably, in place of what was put aside of this unit before. Absent
   * where nothing can be kept.
   */
  keep?(): Promise<void>;
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
  /**
   * Write one file. Where that is done at once nothing is returned; else the pieces are needed until the promise
   * settles.
   * @param path - relative, `/` between its parts, no `.` or `..` part; two files never share one
   * @param sha256 - of the pieces
   */
  add(path: string, pieces: readonly Uint8Array[], sha256: string): Promise<void> | undefined;
  /** The same for a body that is in a file; it is hashed on the way. */
  addStream(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void>;
  /** Every file written: write the list. */
  close(): Promise<Artifact>;
}

const FULL = new Set(['ENOSPC', 'EDQUOT']);
/** Faults of the machine or the mount, which every other unit would meet as well. */
const BROKEN = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENXIO',
  'ENODEV',
  'ESTALE',
  'EFBIG',
  'ENOMEM',
]);

/**
 * The pipeline-fatal error behind what a destination or a custom sink threw, or undefined when the fault may well be
 * the unit's own. A FlowDcError is returned as it is.
 * @param name - the destination, for the message
 */
export function fatalDestinationError(error: unknown, name: string): FlowDcError | undefined {
  if (isFlowDcError(error)) return error;
  const errno = errnoOf(error);
  return errno !== undefined && (FULL.has(errno) || BROKEN.has(errno)) ? destinationError(error, name) : undefined;
}

/**
 * Any error met while touching a destination, as FDC_ERR_DEST_FULL or FDC_ERR_DEST_IO.
 * @param code - what to report instead of FDC_ERR_DEST_IO, for a destination that was never usable
 */
export function destinationError(error: unknown, name: string, code: ErrorCode = 'FDC_ERR_DEST_IO'): FlowDcError {
  if (isFlowDcError(error)) return error;
  const errno = errnoOf(error) ?? 'unknown error';
  if (FULL.has(errno)) {
    return new FlowDcError(
      'FDC_ERR_DEST_FULL',
      `${name}: no space left (${errno}); free some and run the same command again`,
      {
        cause: error,
      },
    );
  }
  const text = error instanceof Error ? error.message : String(error);
  return new FlowDcError(code, `${name}: ${text}${HINTS[errno] ?? ''}`, { cause: error });
}

const HINTS: Readonly<Record<string, string>> = {
  EACCES: '; check the owner and mode of the folder',
  EPERM: '; check the owner and mode of the folder',
  EROFS: '; the file system is mounted read-only, choose another output',
  EMFILE: '; raise the open-file limit (ulimit -n)',
  ENFILE: '; raise the open-file limit of the machine',
  EEXIST: '; a file is in the way of a folder, choose another output',
  ENOTDIR: '; a part of the path is a file, choose another output',
};

/** `ENOENT` and the like, undefined for anything that no system call raised. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return /^E[A-Z0-9]+$/.test(error.code) ? error.code : undefined;
}
