/** What is known over all units of a dataset while they are checked. */
import type { UnitId } from '../../record.ts';
import { TextSet } from '../../structures/hash-table.ts';
import { MOST_ROWS, RowBitmap } from '../../structures/row-bitmap.ts';
import type { DatasetFiles } from '../files/dataset-files.ts';
import type { FindingSink, Findings } from './findings.ts';
import type { ManifestUrls } from './manifest-urls.ts';

/** Grows while units are checked. */
export class DatasetState {
  readonly files: DatasetFiles;
  readonly findings: Findings;
  readonly rows: RowBitmap;
  /** Those that were fetched again, by attempt_set. */
  readonly rowsAgain = new Map<number, RowBitmap>();
  /** sha256 by name. */
  readonly artifacts = new Map<string, string>();
  readonly urls: ManifestUrls | undefined;
  /** By unit: rows with another URL in the manifest; and those that had its URL when they were fetched again. */
  readonly changed = new Map<UnitId, readonly number[]>();
  readonly mended = new RowBitmap(MOST_ROWS);
  /** Keys that do not follow from shard and position. */
  readonly keys = new TextSet();
  /** Paths of loose files that are part of the dataset. */
  readonly listed = new TextSet();
  /** Shards that have a record; those whose record cannot be read. */
  readonly shards = new Set<string>();
  readonly damaged = new Set<string>();
  /** What the sums name that were written when the dataset was finished. */
  sealed: ReadonlyMap<string, string> = new Map();

  constructor(
    files: DatasetFiles,
    manifest: { rows?: number | undefined; urls?: ManifestUrls | undefined },
    findings: Findings,
  ) {
    this.files = files;
    this.urls = manifest.urls;
    this.findings = findings;
    this.rows = new RowBitmap(manifest.rows ?? MOST_ROWS);
  }
}

/** The same while one unit is looked at; what is found is about that one. */
export interface UnitState extends Omit<DatasetState, 'findings'> {
  readonly findings: FindingSink;
}

/** `000012` of a unit. */
export function shardOf(unit: UnitId): string {
  return unit.slice(0, unit.indexOf('-'));
}
