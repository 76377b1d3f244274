/** What is known about a manifest before its rows are read. */
import type { Schema } from 'apache-arrow';
import type { ColumnRoles } from '../../record.ts';
import type { FileDialect } from './dialect.ts';
import type { Shape } from './shape.ts';
import type { TextEncoding } from './text-encoding.ts';
import type { Packing } from './unpack/packing.ts';

/** Formats that can be read. `json` is an array, `jsonl` any sequence of JSON objects, one per line or not. */
export type ManifestFormat = 'parquet' | 'csv' | 'tsv' | 'txt' | 'json' | 'jsonl';

export type Role = keyof ColumnRoles;

/** What a file is, from its first bytes and its name. */
export interface DetectedFormat {
  readonly format: ManifestFormat;
  /** How its bytes are packed. */
  readonly packing?: Packing | undefined;
  /** Of csv, tsv and their like. */
  readonly dialect?: FileDialect | undefined;
  /** The same in words. */
  readonly how?: string | undefined;
  /** Of text: what its first bytes say, or what was given. */
  readonly encoding?: TextEncoding | undefined;
  /** Of JSON: the path of the list whose members are the rows, where it was given. */
  readonly rowsAt?: string | undefined;
  /** Of JSON: its objects are the rows, whatever is in them. */
  readonly areRows?: boolean | undefined;
}

/** Tells one input from another without reading all of it. */
export interface InputIdentity {
  /** As the user named it; for a folder's children and a glob's matches, joined to it. */
  readonly name: string;
  readonly bytes: number;
  /** sha256, lower-case hex, over the size and the parquet footer, or the first MiB of anything else. */
  readonly hash: string;
}

/** Of stdin, `bytes` is 0 and `hash` is empty: they show at its end only. */
export interface ManifestFile extends DetectedFormat, InputIdentity {
  /** What it is in, in words: an archive or the like. */
  readonly within?: string | undefined;
  /** Which of its columns has the addresses, where that is known without a look at them. */
  readonly urlColumn?: string | undefined;
  /** Known in advance for parquet only. */
  readonly rows?: number;
  /**
   * Compressed bytes of the largest row group: what reading this file keeps in memory, beside a slice of 32 MiB.
   * Parquet only.
   */
  readonly rowGroupBytes?: number;
  /** Of the file itself, known where it was looked into. */
  readonly ownColumns?: readonly string[] | undefined;
  /** What it calls columns that are called otherwise in all files together. */
  readonly renamed?: ReadonlyMap<string, string> | undefined;
}

export interface ManifestColumn {
  readonly name: string;
  /** Arrow's name of the type, `Utf8` or `Int64` and the like. */
  readonly type: string;
}

/** What is known about a manifest before its rows are read. */
export interface ManifestInfo {
  /** In the order in which they are read. */
  readonly files: readonly ManifestFile[];
  /** Of all files together, by first appearance. */
  readonly columns: readonly ManifestColumn[];
  readonly roles: ColumnRoles;
  /** Names of the columns, where others are left out. */
  readonly only?: readonly string[] | undefined;
  /** Roles that were guessed, not given. */
  readonly guessed: readonly Role[];
  /** How rows are made of the files' rows, where they are not these. */
  readonly shape?: Shape | undefined;
  /** Columns with other URLs of the same file. */
  readonly mirrors?: readonly string[] | undefined;
  /** Columns that folders called `key=value` gave. */
  readonly folderColumns?: readonly string[] | undefined;
  /** Of every batch that the reader hands on: its own three columns, then these, roles in the metadata. */
  readonly schema: Schema;
  /** Classes that somebody gave numbers. */
  readonly classes?: readonly string[] | undefined;
  /** Over all files; absent when a file does not say (text). */
  readonly rows?: number;
  /** One line each, for people. */
  readonly warnings: readonly string[];
}
