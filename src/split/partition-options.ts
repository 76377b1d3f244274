/** What a split is told, checked. */
import type { Readable } from 'node:stream';
import { stageSettings } from '../config/stage-settings.ts';
import type { PartitionOptions, PartitionSettings } from '../config/types.ts';
import { FlowDcError } from '../errors.ts';
import type { ManifestInfo } from '../stages/manifest/manifest-info.ts';
import type { ManifestReadOptions } from '../stages/manifest/manifest-options.ts';

/** The partition slice of the configuration, and where from and where to. */
export type PartitionManifestOptions = Omit<PartitionOptions, 'shardSize'> & {
  /** The folder of the files. */
  readonly output: string;
  /** Default: parquet. */
  readonly format?: 'parquet' | 'csv' | undefined;
  /** Replace the partition files that the folder holds. */
  readonly overwrite?: boolean | undefined;
  /** How the manifest is read. */
  readonly manifest?: Omit<ManifestReadOptions, 'inputs'> | undefined;
  /** What the input `-` reads. */
  readonly stdin?: Readable | undefined;
  /** Aborts: nothing has changed then. */
  readonly signal?: AbortSignal | undefined;
  /** Told what a user should know, a line each. */
  readonly onNotice?: ((notice: string) => void) | undefined;
};

/** The settings of a split. */
export interface SplitSettings extends PartitionSettings {
  readonly groups: number;
}

/** Check the options that need no manifest. FDC_ERR_CONFIG_INVALID. */
export function splitSettings(options: PartitionManifestOptions): SplitSettings {
  const { groupBy, groups, method, groupingColumn, addHostColumn, keepHostWhole } = options;
  const settings = stageSettings('partition', {
    groupBy,
    groups,
    method,
    groupingColumn,
    addHostColumn,
    keepHostWhole,
  });
  if (settings.groups === undefined)
    throw invalid('groups (--partitions): say into how many files the manifest is split, e.g. --partitions 10');
  if (settings.method === 'greedy' && settings.groupingColumn === undefined) {
    throw invalid('grouping_col: method greedy needs the column whose values stay together, e.g. --column species');
  }
  if (options.format !== undefined && options.format !== 'parquet' && options.format !== 'csv') {
    throw invalid(`format: expected parquet or csv, got ${String(options.format)}`);
  }
  return { ...settings, groups: settings.groups };
}

/** FDC_ERR_MANIFEST_COLUMN when the column of `greedy` does not exist. */
export function checkColumn({ method, groupingColumn }: SplitSettings, { columns }: ManifestInfo): void {
  if (method !== 'greedy' || columns.some(({ name }) => name === groupingColumn)) return;
  const names = columns.map(({ name }) => name).join(', ');
  throw new FlowDcError(
    'FDC_ERR_MANIFEST_COLUMN',
    `the column ${groupingColumn} does not exist; the columns are ${names}`,
  );
}

/** FDC_ERR_CONFIG_INVALID when files would stay empty. */
export function checkRows(groups: number, rows: number): void {
  if (rows < groups)
    throw invalid(`groups: ${rows} rows cannot fill ${groups} files; use --partitions ${rows} or fewer`);
}

/** Only the URLs matter here, and labels where rows are chosen by them: other roles stay empty, whatever columns are called. */
export function readerOptions({ manifest, signal }: PartitionManifestOptions) {
  return {
    ...manifest,
    labelColumn: manifest?.perClass === undefined ? '' : manifest.labelColumn,
    captionColumn: '',
    keyColumn: '',
    signal,
  };
}

/** Rows that are read of so many. */
export function limited(rows: number, { manifest }: PartitionManifestOptions): number {
  return Math.min(rows, manifest?.limitRows ?? Number.POSITIVE_INFINITY);
}

/** What the user may not expect, known before any row is read. */
export function noticesBefore(settings: SplitSettings, info: ManifestInfo): string[] {
  const { method, groupingColumn, groupBy } = settings;
  const notices = [...info.warnings];
  if (info.guessed.includes('url')) notices.push(`url column: ${info.roles.url} (guessed)`);
  for (const { name, rows } of info.files) if (rows === 0) notices.push(`${name} has no rows: skipped`);
  if (groupingColumn !== undefined && method !== 'greedy')
    notices.push(`the column ${groupingColumn} counts with --method greedy only`);
  if (groupBy !== 'host' && method !== 'host') notices.push(`group_by ${groupBy} counts with --method host only`);
  return notices;
}

function invalid(message: string): FlowDcError {
  return new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { issues: [message] });
}
