/** Split a manifest into files: one pass that counts, a plan, one pass that writes. */
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Data, Field, type RecordBatch, Schema } from 'apache-arrow';
import { schemaBatch } from '../arrow/columns.ts';
import { systemClock } from '../clock.ts';
import { destinationError } from '../destination/destination.ts';
import { FlowDcError } from '../errors.ts';
import type { ManifestInfo } from '../stages/manifest/manifest-info.ts';
import { readManifest, readManifestInfo } from '../stages/manifest/read-manifest.ts';
import { urlColumn } from '../unit-rows.ts';
import { CsvFiles } from './csv-files.ts';
import { ParquetFiles } from './parquet-files.ts';
import type { PartFiles } from './part-files.ts';
import { openPartitionFolder, type PartitionFolder } from './partition-folder.ts';
import {
  checkColumn,
  checkRows,
  noticesBefore,
  type PartitionManifestOptions,
  type SplitSettings,
  splitSettings,
} from './partition-options.ts';
import { type PlaceRows, placeByGroup, placeInRuns } from './place-rows.ts';
import { planFiles } from './plan-files.ts';
import { RowGrouping } from './row-grouping.ts';
import { rowsByFile } from './rows-by-file.ts';

/** One file that was written. */
export interface Partition {
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
  /** Hosts (domains, values), whole or in part; absent with method simple. */
  readonly groups?: number;
}

/** What became of a manifest. */
export interface PartitionSummary {
  readonly out: string;
  readonly method: SplitSettings['method'];
  readonly rows: number;
  readonly hosts: number;
  /** Rows whose URL cannot be fetched; they are in the files all the same. */
  readonly invalidRows: number;
  /** Hosts (domains, values) that were spread over several files. */
  readonly split: number;
  /** In order; fewer than asked for when some would be empty. */
  readonly partitions: readonly Partition[];
  /** Rows of the largest file by rows of the average one. */
  readonly imbalance: number;
  readonly elapsedMs: number;
}

/** Names of the column with the host, first free one: a manifest's own column stays as it is. */
const HOST_COLUMNS: readonly string[] = ['host', 'url_host', 'flow_dc_host'];

/**
 * Split manifests into `groups` files of about equal numbers of rows, which keep all columns and their types. Rows stay
 * in the manifest's order within a file. Holds some 600 MB whatever the number of rows, and 50 bytes per host.
 * Errors: those of readManifest; FDC_ERR_CONFIG_INVALID for wrong options and for more files than rows;
 * FDC_ERR_MANIFEST_CORRUPT also when the manifest changes meanwhile; FDC_ERR_DEST_UNWRITABLE, _FOREIGN, _FULL, _IO;
 * FDC_ERR_JOB_LOCKED; FDC_ERR_INTERRUPTED. Whatever goes wrong, no file has its final name before all are complete.
 */
export async function partitionManifest(
  inputs: string | readonly string[],
  options: PartitionManifestOptions,
): Promise<PartitionSummary> {
  const settings = splitSettings(options);
  const given = typeof inputs === 'string' ? [inputs] : [...inputs];
  const isPiped = given.includes('-');
  // Files are looked into before anything is written.
  const info = isPiped ? undefined : await lookInto(given, settings, options);
  const extension = options.format ?? 'parquet';
  const folder = await openPartitionFolder(options.output, {
    files: settings.groups,
    extension,
    overwrite: options.overwrite === true,
  });
  try {
    const files = isPiped ? [await keepStdin(given, folder, options)] : given;
    return await new Split(files, info ?? (await lookInto(files, settings, options)), settings, options, folder).run();
  } catch (error) {
    if (options.signal?.aborted === true)
      throw new FlowDcError('FDC_ERR_INTERRUPTED', 'interrupted; no partition was written', { cause: error });
    throw error;
  } finally {
    await folder.close();
  }
}

/** Footers and first rows, and everything that can be said of them. */
async function lookInto(
  files: readonly string[],
  settings: SplitSettings,
  options: PartitionManifestOptions,
): Promise<ManifestInfo> {
  const info = await readManifestInfo(files, readerOptions(options));
  checkColumn(settings, info);
  if (info.rows === 0)
    throw new FlowDcError('FDC_ERR_MANIFEST_EMPTY', 'the manifest has columns but no rows: expected at least one');
  if (info.rows !== undefined) checkRows(settings.groups, limited(info.rows, options));
  for (const notice of noticesBefore(settings, info)) options.onNotice?.(notice);
  return info;
}

/** Only the URLs matter here: the other roles stay empty, whatever the columns are called. */
function readerOptions({ manifest, signal }: PartitionManifestOptions) {
  return {
    ...manifest,
    labelColumn: '',
    captionColumn: '',
    keyColumn: '',
    ...(signal === undefined ? {} : { signal }),
  };
}

function limited(rows: number, { manifest }: PartitionManifestOptions): number {
  return Math.min(rows, manifest?.limitRows ?? Number.POSITIVE_INFINITY);
}

/** A pipe cannot be read twice. */
async function keepStdin(
  given: readonly string[],
  folder: PartitionFolder,
  { stdin, signal }: PartitionManifestOptions,
): Promise<string> {
  if (given.length > 1 || stdin === undefined) {
    const message =
      given.length > 1
        ? 'stdin (-) must be the only input: it can be read only once'
        : 'the input - needs the option stdin';
    throw new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { issues: [message] });
  }
  const path = join(folder.staging, 'stdin');
  const target = createWriteStream(path);
  let isOurs = false;
  target.on('error', () => {
    isOurs = true;
  });
  try {
    await pipeline(stdin, target, signal === undefined ? {} : { signal });
  } catch (error) {
    throw isOurs ? destinationError(error, folder.out) : error;
  }
  return path;
}

class Split {
  readonly #files: readonly string[];
  readonly #info: ManifestInfo;
  readonly #settings: SplitSettings;
  readonly #options: PartitionManifestOptions;
  readonly #folder: PartitionFolder;
  readonly #grouping: RowGrouping;

  constructor(
    files: readonly string[],
    info: ManifestInfo,
    settings: SplitSettings,
    options: PartitionManifestOptions,
    folder: PartitionFolder,
  ) {
    this.#files = files;
    this.#info = info;
    this.#settings = settings;
    this.#options = options;
    this.#folder = folder;
    this.#grouping = new RowGrouping(settings);
  }

  async run(): Promise<PartitionSummary> {
    const startedMs = systemClock.nowMs();
    const { groups, method, keepHostWhole } = this.#settings;
    const rows = await this.#count();
    checkRows(groups, rows);
    const plan =
      method === 'simple' ? undefined : planFiles(this.#grouping.counts(), { files: groups, keepWhole: keepHostWhole });
    const place = plan === undefined ? placeInRuns(rows, groups) : placeByGroup(plan);
    const rowsOf = await this.#write(place, rows);
    const written = [...rowsOf.keys()].filter((file) => (rowsOf[file] as number) > 0);
    if (written.length < groups) {
      this.#options.onNotice?.(
        `${groups} files were asked for, but only ${written.length} are written: without splitting, there is ` +
          'nothing for the others',
      );
    }
    const bytes = await this.#folder.publish(written);
    const partitions = written.map((file, i) => ({
      name: this.#folder.nameOf(file),
      rows: rowsOf[file] as number,
      bytes: bytes[i] as number,
      ...(plan === undefined ? {} : { groups: plan.groups[file] as number }),
    }));
    return {
      out: this.#folder.out,
      method,
      rows,
      hosts: this.#grouping.hosts.hosts,
      invalidRows: this.#grouping.hosts.invalidRows,
      split: plan?.splits.filter((pieces) => pieces.length > 1).length ?? 0,
      partitions,
      imbalance: Math.max(...partitions.map((partition) => partition.rows)) / (rows / partitions.length),
      elapsedMs: systemClock.nowMs() - startedMs,
    };
  }

  /** First pass. Only the columns that rows are grouped by are read; none when it is known how many rows there are. */
  async #count(): Promise<number> {
    if (this.#settings.method === 'simple' && this.#info.rows !== undefined)
      return limited(this.#info.rows, this.#options);
    for await (const batch of this.#read(this.#grouping.columns)) this.#grouping.count(batch);
    return this.#grouping.rows;
  }

  /** Second pass. Returns the rows of every file. */
  async #write(place: PlaceRows, rows: number): Promise<Float64Array> {
    const { groups } = this.#settings;
    const rowsOf = new Float64Array(groups);
    const { hosts } = this.#grouping;
    const sink = this.#sink();
    try {
      const hostColumn = this.#hostColumn();
      for await (const batch of this.#read()) {
        const hostIds = hosts.add(urlColumn(batch));
        const fileOf = place(this.#grouping.groupsOf(batch, hostIds));
        const own = asWritten(batch, hostColumn === undefined ? [] : [[hostColumn, hosts.hostColumn(hostIds)]]);
        for (const { file, rows } of rowsByFile(fileOf, groups)) {
          rowsOf[file] = (rowsOf[file] as number) + rows.length;
          await sink.append(file, own, rows);
        }
      }
      await sink.finish();
    } finally {
      await sink.close();
    }
    if (hosts.rows !== rows)
      throw new FlowDcError(
        'FDC_ERR_MANIFEST_CORRUPT',
        `the manifest had ${rows} rows when it was counted and has ${hosts.rows} now: run the same command again`,
      );
    return rowsOf;
  }

  #read(columns?: readonly string[]): AsyncIterable<RecordBatch> {
    const narrowed = columns === undefined ? {} : { columns };
    return readManifest(this.#files, {
      ...readerOptions(this.#options),
      info: this.#info,
      rowNumbers: false,
      ...narrowed,
    });
  }

  #sink(): PartFiles {
    const pathOf = (file: number): string => this.#folder.pathOf(file);
    const { groups } = this.#settings;
    return this.#options.format === 'csv'
      ? new CsvFiles(groups, pathOf)
      : new ParquetFiles(groups, this.#folder.staging, pathOf);
  }

  /** Its name; undefined when it is not written. */
  #hostColumn(): string | undefined {
    if (!this.#settings.addHostColumn) return undefined;
    const taken = new Set(this.#info.columns.map(({ name }) => name));
    const name = HOST_COLUMNS.find((candidate) => !taken.has(candidate));
    if (name !== HOST_COLUMNS[0]) {
      const where = name === undefined ? 'the host is not written' : `the host is written as ${name}`;
      this.#options.onNotice?.(
        `the manifest has a column ${HOST_COLUMNS[0]} of its own, which stays as it is; ${where}`,
      );
    }
    return name;
  }
}

/** A batch as it is written: with columns of ours behind its own, without what the reader says of those. */
function asWritten(batch: RecordBatch, added: readonly (readonly [name: string, column: Data])[]): RecordBatch {
  const fields = [...batch.schema.fields, ...added.map(([name, { type }]) => new Field(name, type, true))];
  const children = [...batch.data.children, ...added.map(([, column]) => column)];
  return schemaBatch(new Schema(fields), batch.numRows, children);
}
