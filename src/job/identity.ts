/**
 * What makes two runs the same job: everything that decides which row ends up in which shard, under which name.
 * Whatever is not listed here may change between runs.
 */
import { createHash } from 'node:crypto';
import { DEFAULT_MTIME } from '../config/schema/sink.ts';
import type { ResolvedConfig } from '../config/types.ts';
import type { ColumnRoles } from '../record.ts';

/** Raised when units, keys or the files of an output are made differently for the same input and settings. */
export const JOB_FORMAT_VERSION = 1;

/** One input as a job remembers it. Two inputs are the same by `bytes` and `hash`; the name is for people. */
export interface InputIdentity {
  readonly name: string;
  readonly bytes: number;
  /** Over a part that tells files apart without reading them whole: a parquet footer, or the first MiB. */
  readonly hash: string;
  /** Of text, over all of it: known once a run has read it to its end. Lower-case hex. */
  readonly sha256?: string | undefined;
}

export interface JobIdentity {
  readonly formatVersion: number;
  readonly inputs: readonly InputIdentity[];
  readonly columns: ColumnRoles;
  /** What the user says of how it is read, and which columns of it; absent where its content says it. */
  readonly readAs?: string | undefined;
  /** A row for each URL of a cell; absent where rows are those of the files. */
  readonly explode?: boolean | undefined;
  /** What URLs are made of. */
  readonly urlTemplate?: string | undefined;
  /** Columns with other URLs of the same file. */
  readonly mirrors?: readonly string[] | undefined;
  /** In which size pictures of the IIIF Image API are; absent where as their URLs say. */
  readonly iiifSize?: string | undefined;
  /** Columns that folders called `key=value` gave. */
  readonly folderColumns?: readonly string[] | undefined;
  /** Rows taken from the inputs, when not all: the last unit is cut there. */
  readonly limitRows?: number | undefined;
  /** Rows taken of each class, when not all. */
  readonly perClass?: number | undefined;
  /** Columns of JSON have its types; absent in jobs of versions that read all of them as text. */
  readonly jsonTypes?: boolean | undefined;
  /** Columns of csv have the types that were found. */
  readonly inferTypes?: boolean | undefined;
  readonly shardSize: number;
  readonly groupBy: string;
  /** How hosts are mixed; absent where they are not. */
  readonly mixSeed?: number | undefined;
  readonly outputFormat: string;
  readonly createTar: boolean;
  readonly compressTar: boolean;
  readonly namingMode: string;
  readonly fileNamePattern?: string | undefined;
  readonly imageName: string;
  /** The numbers of classes are written; absent in jobs of versions that had none. */
  readonly cls?: boolean | undefined;
  /** sha256 over the classes that were given numbers, lower-case hex. */
  readonly classes?: string | undefined;
  readonly nullLabel: string;
  readonly trustNames: boolean;
  readonly hash: boolean;
  /** Where the shards are uploaded to; absent when they stay in the folder. */
  readonly cloudDestination?: string | undefined;
  /** What becomes of secrets in URLs; absent in jobs of versions that did not write it down. */
  readonly keepCredentials?: boolean | undefined;
  readonly redactQuery?: boolean | undefined;
  /** Absent where every row is fetched. */
  readonly dedupe?: 'url' | undefined;
  /** Of entries of archives; absent in jobs of versions that did not write it down. */
  readonly mtime?: string | undefined;
  readonly compat?: string | undefined;
  readonly energon?: boolean | undefined;
  /** Of parquet files; absent in other jobs. */
  readonly mediaColumn?: string | undefined;
}

/** What identity needs to know of a manifest. */
export interface IdentifiedManifest {
  readonly roles: ColumnRoles;
  readonly files: readonly InputIdentity[];
  readonly classes?: readonly string[] | undefined;
  readonly mirrors?: readonly string[] | undefined;
  readonly folderColumns?: readonly string[] | undefined;
}

/** The identity of the job that a configuration and a manifest make. */
export function identityOf(
  { manifest: input, partition, fetch, sink, run }: ResolvedConfig,
  manifest: IdentifiedManifest,
): JobIdentity {
  return {
    formatVersion: JOB_FORMAT_VERSION,
    inputs: manifest.files.map(({ name, bytes, hash }) => ({ name, bytes, hash })),
    columns: manifest.roles,
    readAs: readAs(input),
    explode: input.explode || undefined,
    urlTemplate: input.urlTemplate,
    mirrors: manifest.mirrors,
    iiifSize: fetch.iiifSize,
    folderColumns: manifest.folderColumns,
    limitRows: input.limitRows,
    perClass: input.perClass,
    jsonTypes: input.jsonTypes,
    inferTypes: input.inferTypes,
    shardSize: partition.shardSize,
    groupBy: partition.groupBy,
    mixSeed: partition.mix ? partition.mixSeed : undefined,
    outputFormat: sink.outputFormat,
    createTar: sink.createTar,
    compressTar: sink.compressTar,
    namingMode: sink.namingMode,
    fileNamePattern: sink.namingMode === 'url_based' ? sink.fileNamePattern : undefined,
    imageName: sink.imageName,
    cls: sink.cls,
    classes: listed(manifest.classes),
    nullLabel: sink.nullLabel,
    trustNames: sink.trustNames,
    hash: fetch.hash,
    cloudDestination: sink.cloudDestination,
    keepCredentials: sink.keepCredentials,
    redactQuery: sink.redactQuery,
    dedupe: run.dedupe === 'none' ? undefined : run.dedupe,
    mtime: sink.mtime,
    compat: sink.compat,
    energon: sink.energon,
    mediaColumn: sink.outputFormat === 'parquet' ? sink.mediaColumn : undefined,
  };
}

function listed(classes: readonly string[] = []): string | undefined {
  return classes.length === 0 ? undefined : createHash('sha256').update(JSON.stringify(classes)).digest('hex');
}

function readAs(manifest: ResolvedConfig['manifest']): string | undefined {
  const { delimiter, quote, escapes, skipLines, encoding, columnNames, rowsAt, keepColumns, dropColumns } = manifest;
  const lines = { delimiter, quote, escapes, skipLines, encoding, columns: columnNames };
  const given = { ...lines, rowsAt, keepColumns, dropColumns };
  return Object.values(given).some((value) => value !== undefined) ? JSON.stringify(given) : undefined;
}

/** The same with what earlier runs have learned of its inputs. */
export function withContents(now: JobIdentity, before: JobIdentity): JobIdentity {
  const known = (at: number): Partial<InputIdentity> => {
    const sha256 = before.inputs[at]?.sha256;
    return sha256 === undefined ? {} : { sha256 };
  };
  return { ...now, inputs: now.inputs.map((input, at) => ({ ...known(at), ...input })) };
}

/** By configuration key, in the order in which differences are told. */
const COMPARED: Readonly<Record<string, (identity: JobIdentity) => string>> = {
  'format version': (identity) => show(identity.formatVersion),
  input: (identity) => identity.inputs.map((input) => `${input.bytes} ${input.hash}`).join(', '),
  url: ({ columns, mirrors = [] }) => show([columns.url, ...mirrors].join(',')),
  url_template: (identity) => show(identity.urlTemplate),
  iiif_size: (identity) => show(identity.iiifSize),
  explode: (identity) => show(identity.explode ?? false),
  'columns of folders': ({ folderColumns }) => folderColumns?.join(', ') ?? 'none',
  label: (identity) => show(identity.columns.label),
  caption_col: (identity) => show(identity.columns.caption),
  key_col: (identity) => show(identity.columns.key),
  'delimiter, quote, escape, skip_lines, encoding, columns, rows_at, keep_columns, drop_columns': (identity) =>
    identity.readAs ?? 'none',
  json_types: (identity) => show(identity.jsonTypes ?? false),
  infer_types: (identity) => show(identity.inferTypes ?? false),
  limit: (identity) => show(identity.limitRows),
  per_class: (identity) => show(identity.perClass),
  shard_size: (identity) => show(identity.shardSize),
  group_by: (identity) => show(identity.groupBy),
  mix: ({ mixSeed }) => (mixSeed === undefined ? 'none' : `with seed ${mixSeed}`),
  output_format: (identity) => show(identity.outputFormat),
  create_tar: (identity) => show(identity.createTar),
  compress_tar: (identity) => show(identity.compressTar),
  naming_mode: (identity) => show(identity.namingMode),
  file_name_pattern: (identity) => show(identity.fileNamePattern),
  image_name: (identity) => show(identity.imageName),
  cls: (identity) => show(identity.cls ?? false),
  classes: (identity) => show(identity.classes?.slice(0, 12)),
  null_label: (identity) => show(identity.nullLabel),
  trust_names: (identity) => show(identity.trustNames),
  hash: (identity) => show(identity.hash),
  cloud_destination: (identity) => show(identity.cloudDestination),
  keep_credentials: (identity) => show(identity.keepCredentials ?? false),
  redact_query: (identity) => show(identity.redactQuery ?? false),
  dedupe: (identity) => show(identity.dedupe ?? 'none'),
  mtime: (identity) => show(identity.mtime ?? DEFAULT_MTIME),
  compat: (identity) => show(identity.compat),
  energon: (identity) => show(identity.energon ?? false),
  media_column: (identity) => show(identity.mediaColumn),
};

/**
 * What differs between the identity a folder has (`before`) and the one it is opened with (`now`), under the names of
 * the configuration, in one line: `shard_size was 2000, is now 1000; label was "species", is now none`. Empty when
 * nothing does.
 */
export function differencesBetween(before: JobIdentity, now: JobIdentity): string {
  return differences(before, now, () => true);
}

/** The same of everything but the input; that more of it is read than before is a matter of the input. */
export function settingsBetween(before: JobIdentity, now: JobIdentity): string {
  const ofInput = mostRows(now) > mostRows(before) ? ['input', 'limit'] : ['input'];
  return differences(before, now, (key) => !ofInput.includes(key));
}

function mostRows({ limitRows = Number.POSITIVE_INFINITY }: JobIdentity): number {
  return limitRows;
}

function differences(before: JobIdentity, now: JobIdentity, isMeant: (key: string) => boolean): string {
  const found = Object.entries(COMPARED).flatMap(([key, value]) => {
    if (!isMeant(key) || value(before) === value(now)) return [];
    const tell = key === 'input' ? showInputs : value;
    return [`${key} was ${tell(before)}, is now ${tell(now)}`];
  });
  return found.join('; ');
}

function show(value: string | number | boolean | undefined): string {
  return value === undefined ? 'none' : JSON.stringify(value);
}

function showInputs(identity: JobIdentity): string {
  const shown = identity.inputs
    .slice(0, 3)
    .map((input) => `${input.name} (${input.bytes} bytes, ${input.hash.slice(0, 12)})`);
  if (identity.inputs.length > 3) shown.push(`${identity.inputs.length - 3} more`);
  return shown.join(' + ') || 'none';
}
