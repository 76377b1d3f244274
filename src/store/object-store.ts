/**
 * Objects behind keys: what is asked of an object store. Keys are relative to the store's prefix, with `/` between
 * their parts. An object appears whole or not at all.
 */
import { FlowDcError } from '../errors.ts';

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  readonly modifiedAtMs: number;
  /** What the store calls this content, where it says. */
  readonly etag?: string | undefined;
}

export interface ByteRange {
  readonly start: number;
  /** Not included; default: the object's end. */
  readonly end?: number;
  /** Of the object as it was seen before: another one is not read. */
  readonly etag?: string | undefined;
}

/** @param name - of the object. What anybody may have put there is not read into memory, however long it is. */
export function tooLarge(name: string, mostBytes: number): FlowDcError {
  const what = `${name} is longer than ${mostBytes} bytes, so flow-dc did not write it`;
  return new FlowDcError('FDC_ERR_DEST_IO', what, { advice: '; delete it, then run the same command again' });
}

/** What completing an upload needs. Anybody with access to the store can do it, any number of times. */
export interface UploadNote {
  readonly id: string;
  /** What the store calls the parts, in order: tag, and SHA-256 in base64 behind a space where it keeps one. */
  readonly parts: readonly string[];
}

export interface OpenUpload {
  readonly key: string;
  readonly id: string;
  readonly startedAtMs: number;
}

/**
 * Errors of every method: FDC_ERR_DEST_UNWRITABLE when credentials, bucket or endpoint are wrong, FDC_ERR_DEST_FULL
 * when the store takes no more, else FDC_ERR_DEST_IO once retries are used up; each message names the fix.
 */
export interface ObjectStore {
  /** For messages: `s3://bucket/prefix`, never with credentials. */
  readonly name: string;
  /** Whether `create` is atomic (If-None-Match: *). Found out once, by trying it. */
  isConditional(): Promise<boolean>;
  /** Undefined when there is no such object. */
  head(key: string): Promise<StoredObject | undefined>;
  /**
   * A small object, whole. Undefined when there is no such object.
   * @param mostBytes - a longer one is refused: FDC_ERR_DEST_IO. Default: any length
   */
  read(key: string, mostBytes?: number): Promise<Uint8Array | undefined>;
  /**
   * The bytes of an object from `start` up to, not including, `end`. Rejects with FDC_ERR_DEST_IO when it is not there,
   * or not the one with `etag`.
   */
  open(key: string, range?: ByteRange): Promise<AsyncIterable<Uint8Array>>;
  /**
   * Create or replace an object that is small enough for memory.
   * @param sha256 - of the content, lower-case hex, where it is known already
   */
  put(key: string, content: string | Uint8Array, sha256?: string): Promise<void>;
  /**
   * Create an object unless there is one, atomically where the store can.
   * @returns whether this call created it
   */
  create(key: string, content: string | Uint8Array): Promise<boolean>;
  /** Every object whose key begins with `prefix`, in the order of keys, a page at a time. */
  list(prefix: string): AsyncIterable<StoredObject>;
  /** What is not there is passed over. */
  remove(keys: Iterable<string>): Promise<void>;
  /**
   * By the store itself, replacing what is at `to`.
   * @param into - another store of the same bucket, one made by `beside`; default: this one
   * @returns false when there is no `from`
   */
  copy(from: string, to: string, into?: ObjectStore): Promise<boolean>;
  /** Begin to stream an object, which nobody sees before it is completed. */
  upload(key: string): ObjectUpload;
  /**
   * Make an upload visible under its key.
   * @returns false when there is no such upload: it was completed before, or aborted
   */
  complete(key: string, note: UploadNote): Promise<boolean>;
  /** An upload that is not there is passed over. */
  abort(key: string, id: string): Promise<void>;
  /** Uploads neither completed nor aborted, below `prefix`. Empty where the store cannot list them. */
  uploads(prefix: string): AsyncIterable<OpenUpload>;
  /**
   * The same bucket with other keys: what is appended to the prefix. Of `s3://bucket/a`, `/.flow-dc` makes
   * `s3://bucket/a/.flow-dc`, and `.flow-dc` makes `s3://bucket/a.flow-dc`.
   */
  beside(suffix: string): ObjectStore;
  /**
   * Whoever works here was told to stop: what fails for the moment is tried for five seconds from now on, and no longer,
   * also in stores made by `beside`.
   */
  hurry(): void;
  /** Sockets are closed, also those of stores made by `beside`; calls under way reject. */
  close(): Promise<void>;
}

export interface ObjectUpload {
  /** Append; resolves when more may come. Chunks may be reused by the caller afterwards. One call at a time. */
  write(chunks: readonly Uint8Array[]): Promise<void>;
  /** Every byte is with the store, not visible yet. `sha256` is of the whole content, lower-case hex. */
  close(): Promise<{ readonly bytes: number; readonly sha256: string; readonly upload: UploadNote }>;
  /** Idempotent. */
  abort(): Promise<void>;
}
