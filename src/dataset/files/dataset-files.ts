/**
 * The files of a dataset as whoever only reads them sees them, in a folder or in an object store. What reads through
 * this knows neither paths nor keys.
 */
import type { FolderLayout } from '../../destination/folder-layout.ts';
import type { ListedFile } from '../../destination/hashed-file.ts';
import type { UnitRecord } from '../../record.ts';

/** One file that may be there. Reading rejects with `code` ENOENT where there is none, EISDIR where a folder stands. */
export interface DatasetFile {
  /** For messages: a path, or a URL without credentials. */
  readonly path: string;
  /** What stands there; undefined for nothing. */
  look(): Promise<FoundFile | undefined>;
  /** Whole: for what is known to fit into memory. */
  read(): Promise<Buffer>;
  /** In order and in pieces. Begin to read at once, and read to the end or leave the loop. */
  open(): AsyncIterable<Uint8Array>;
}

export interface FoundFile {
  readonly isFolder: boolean;
  readonly bytes: number;
}

/** Something in the place where files are looked for. */
export interface DatasetEntry {
  readonly name: string;
  readonly isFolder: boolean;
}

/** What an attempt left behind that nobody finished. */
export interface Leftover {
  readonly kind: 'staged' | 'upload';
  /** For messages. */
  readonly where: string;
}

export interface DatasetFiles {
  /** For messages: a path, or a URL without credentials. */
  readonly name: string;
  readonly layout: FolderLayout;
  /** So many files read at once are read sooner than one after the other. */
  readonly width: number;
  /** An artifact, or a file beside the shards. Errors: FDC_ERR_DEST_IO for a name that is none. */
  final(name: string): DatasetFile;
  /** A loose file, by its path in the dataset. */
  sample(path: string): DatasetFile;
  /**
   * Whether a loose file is there with its size, for files that are read back a process each. Absent where reading them
   * costs nothing else.
   */
  hasSample?(file: ListedFile): Promise<boolean>;
  /** A file that the job keeps about itself. */
  state(name: string): DatasetFile;
  /** What lies where artifacts do, but for what the job keeps there for itself. */
  entries(): AsyncIterable<DatasetEntry>;
  /** Folders that would be in the way of a file of their name; none in a store, where nothing is in the way. */
  folders(): AsyncIterable<string>;
  /** Every loose file there is, by its path in the dataset, but for known ones and what lies below them. */
  samples(isKnown: (path: string) => boolean): AsyncIterable<string>;
  /** Attempts that are not finished. In a dataset that is, nobody will finish them. */
  leftovers(): AsyncIterable<Leftover>;
  /** Whether files of a decided unit are still to be moved to their places. */
  isPending(record: UnitRecord): Promise<boolean>;
}
