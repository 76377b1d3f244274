/** What `inspect` finds: the shape of its --json output, and of what inspectManifest resolves to. */
import type { ColumnRoles } from '../record.ts';
import type { ManifestColumn, ManifestFormat, Role } from '../stages/manifest/manifest-info.ts';
import type { BadUrlKind } from './bad-url.ts';

export interface ManifestInspection {
  /** In the order in which they are read. */
  readonly files: readonly InspectedFile[];
  /** Rows that were read: all, or as many as `limitRows` allows. */
  readonly rows: number;
  /** Whether `limitRows` ended the reading: then everything below is about the first rows only. */
  readonly limited: boolean;
  readonly columns: readonly ManifestColumn[];
  /** Column per role; a role that no column plays is absent. */
  readonly roles: ColumnRoles;
  /** Columns with other URLs of the same file, in the order in which they are asked. */
  readonly mirrors?: readonly string[];
  /** Roles whose column was guessed. */
  readonly guessed: readonly Role[];
  /** The first 5 rows by column; every value as text of at most 80 characters, null for null. */
  readonly sample: readonly Readonly<Record<string, string | null>>[];
  readonly schemes: {
    readonly http: number;
    readonly https: number;
    /** s3:// and gs://, whether or not they will be fetched. */
    readonly stored: number;
    readonly other: number;
  };
  readonly hosts: HostMix;
  readonly duplicates: Duplicates;
  readonly badUrls: BadUrls;
  /** Absent without a label column. */
  readonly labels?: LabelMix | undefined;
  readonly warnings: readonly ManifestWarning[];
}

export interface InspectedFile {
  readonly name: string;
  readonly format: ManifestFormat;
  readonly gzip: boolean;
  /** `gzip`, `zstd`, `bzip2`, `xz` or `brotli`; absent where it is not packed. */
  readonly packing?: string | undefined;
  /** How csv and the like are read, in words. */
  readonly how?: string | undefined;
  /** 0 for stdin. */
  readonly bytes: number;
  /** Known in advance for parquet only. */
  readonly rows?: number | undefined;
  /** Compressed bytes of the largest row group. Parquet only. */
  readonly rowGroupBytes?: number | undefined;
}

/** Rows of one host or label; `share` is of the rows that have any, in [0, 1]. */
export interface Share {
  readonly name: string;
  readonly rows: number;
  readonly share: number;
}

/** Counts of texts. Without `exact`, `count` is within about 2 % and each `rows` may be too high by `error`. */
interface Mix {
  readonly count: number;
  readonly exact: boolean;
  /** Rows by which a number of `top` may be too high; 0 when exact. */
  readonly error: number;
  /** The 20 with most rows, most first. */
  readonly top: readonly Share[];
}

/** Over rows with a URL that can be requested; a host is lower-case host[:port], or s3://bucket. */
export interface HostMix extends Mix {
  /** Share of the rows on the host that has most. */
  readonly largestShare: number;
}

/** Over all rows. */
export interface LabelMix extends Mix {
  /** Rows without a label. */
  readonly nulls: number;
}

/** Over rows with a URL that can be requested, compared as the manifest has them. */
export interface Duplicates {
  readonly distinctUrls: number;
  /** Rows whose URL an earlier row had. */
  readonly rows: number;
  /** Otherwise both numbers are estimates, within about 2 % of the distinct URLs. */
  readonly exact: boolean;
}

export interface BadUrls {
  readonly rows: number;
  readonly kinds: readonly BadUrlGroup[];
}

export interface BadUrlGroup {
  readonly kind: BadUrlKind;
  readonly rows: number;
  /** The first one: its row over all inputs from 0, and its text (of at most 80 characters), null for null. */
  readonly exampleRow: number;
  readonly example: string | null;
}

export type ManifestWarningCode =
  | 'one_giant_host'
  | 'repeated_urls'
  | 'large_row_groups'
  | 'http_only'
  | 'bad_urls'
  | 'few_rows_per_host'
  | 'null_labels'
  | 'many_labels'
  | 'reader';

/** Something that will hurt when the manifest is downloaded, and what to do about it. */
export interface ManifestWarning {
  readonly code: ManifestWarningCode;
  readonly message: string;
  /** A flag, a key or a command. Absent for what the reader says, which has it in its message. */
  readonly advice?: string | undefined;
}
