/** The two passes over a manifest: the first counts its rows by group, the second writes each to its file. */
import { type Data, Field, type RecordBatch, Schema } from 'apache-arrow';
import { schemaBatch } from '../arrow/columns.ts';
import { rowsByPart } from '../arrow/picks.ts';
import { systemClock } from '../clock.ts';
import { FlowDcError } from '../errors.ts';
import type { ManifestInfo } from '../stages/manifest/manifest-info.ts';
import type { ManifestReader } from '../stages/manifest/manifest-reader.ts';
import { readManifest } from '../stages/manifest/read-manifest.ts';
import { urlColumn } from '../unit-rows.ts';
import { CsvFiles } from './csv-files.ts';
import { ParquetFiles } from './parquet-files.ts';
import type { PartitionFolder } from './partition-folder.ts';
import {
  checkRows,
  limited,
  type PartitionManifestOptions,
  readerOptions,
  type SplitSettings,
} from './partition-options.ts';
import { type PlaceRows, placeByGroup, placeInRuns } from './place-rows.ts';
import { FilePlan } from './plan-files.ts';
import { RowGrouping } from './row-grouping.ts';

/** One file that was written. */
export interface Partition {
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
  /** Hosts (domains, values), whole or in part; absent with method simple. */
  readonly groups?: number | undefined;
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

/** One manifest on its way into its files. */
export class Split {
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
      method === 'simple'
        ? undefined
        : new FilePlan(this.#grouping.counts(), { files: groups, keepWhole: keepHostWhole });
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
      groups: plan?.groups[file],
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
      const reader = this.#read();
      // What was known before was said before.
      const { warnings } = this.#info;
      reader.on('warning', (warning: string) => !warnings.includes(warning) && this.#options.onNotice?.(warning));
      for await (const batch of reader) {
        const hostIds = hosts.add(urlColumn(batch));
        const fileOf = place(this.#grouping.groupsOf(batch, hostIds));
        const own = asWritten(batch, hostColumn === undefined ? [] : [[hostColumn, hosts.hostColumn(hostIds)]]);
        for (const { part: file, rows } of rowsByPart(fileOf, 0, groups)) {
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

  #read(columns?: readonly string[]): ManifestReader {
    return readManifest(this.#files, {
      ...readerOptions(this.#options),
      info: this.#info,
      rowNumbers: false,
      columns,
    });
  }

  #sink(): CsvFiles | ParquetFiles {
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
