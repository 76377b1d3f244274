/** Everything that one record promises. */
import { readFile, stat } from 'node:fs/promises';
import { type FolderPaths, finalPath } from '../../destination/folder-layout.ts';
import { digestFile, FILE_LIST_SUFFIX, type FileDigest } from '../../destination/hashed-file.ts';
import type { Artifact, UnitId, UnitRecord } from '../../record.ts';
import { TextSet } from '../../structures/hash-table.ts';
import { RowBitmap } from '../../structures/row-bitmap.ts';
import { positionKey } from '../naming/sample-names.ts';
import { readUnitOutcomes, type UnitOutcomes } from '../outcome-rows.ts';
import { checkFiles } from './check-files.ts';
import { checkTar } from './check-tar.ts';
import type { Findings } from './findings.ts';
import type { ManifestUrls } from './manifest-urls.ts';

/** Row numbers above this are none: a bit for each of those below takes 1 GB. */
const MOST_ROWS = 2 ** 33;

/** What is known over all units while they are checked one by one. */
export class DatasetState {
  readonly paths: FolderPaths;
  readonly findings: Findings;
  readonly rows: RowBitmap;
  /** sha256 by name. */
  readonly artifacts = new Map<string, string>();
  readonly urls: ManifestUrls | undefined;
  /** Keys that do not follow from shard and position. */
  readonly keys = new TextSet();
  readonly files = new TextSet();
  /** Shards that have a record; those whose record cannot be read. */
  readonly shards = new Set<string>();
  readonly damaged = new Set<string>();
  /** What the sums name that were written when the dataset was finished. */
  sealed: ReadonlyMap<string, string> = new Map();

  constructor(
    paths: FolderPaths,
    manifest: { rows?: number | undefined; urls?: ManifestUrls | undefined },
    findings: Findings,
  ) {
    this.paths = paths;
    this.urls = manifest.urls;
    this.findings = findings;
    this.rows = new RowBitmap(manifest.rows ?? MOST_ROWS);
  }
}

/** `000012` of a unit. */
export function shardOf(unit: UnitId): string {
  return unit.slice(0, unit.indexOf('-'));
}

/** Everything that one record promises. */
export async function checkUnit(state: DatasetState, record: UnitRecord): Promise<void> {
  state.shards.add(shardOf(record.unit));
  state.findings.unit = record.unit;
  await checkRecord(state, record);
  state.findings.unit = undefined;
}

async function checkRecord(state: DatasetState, record: UnitRecord): Promise<void> {
  const { findings } = state;
  for (const { name, sha256 } of record.artifacts) {
    if (state.artifacts.has(name))
      findings.add('record_inconsistent', name, `unit ${record.unit} and another one both committed it`);
    state.artifacts.set(name, sha256);
  }
  const table = record.artifacts.find(({ name }) => name.endsWith('.parquet'));
  const outcomes = table === undefined ? undefined : await readTable(state, table);
  if (outcomes !== undefined) checkOutcomes(state, record, outcomes);
  for (const artifact of record.artifacts) if (artifact !== table) await checkArtifact(state, artifact, outcomes);
}

async function readTable(state: DatasetState, table: Artifact): Promise<UnitOutcomes | undefined> {
  if (!(await isIntact(state, table))) return undefined;
  try {
    return readUnitOutcomes(await readFile(finalPath(state.paths, table.name)));
  } catch (error) {
    state.findings.add(
      'artifact_unreadable',
      table.name,
      `cannot be read as an outcome table: ${(error as Error).message}`,
    );
    return undefined;
  }
}

async function checkArtifact(
  state: DatasetState,
  artifact: Artifact,
  outcomes: UnitOutcomes | undefined,
): Promise<void> {
  const path = finalPath(state.paths, artifact.name);
  if (/\.tar(\.gz)?$/.test(artifact.name)) {
    if (!(await isPresent(state, artifact))) return;
    const digest = await checkTar(path, artifact.name, outcomes?.samples, state.findings);
    compareArtifact(state, artifact, digest ?? (await digestFile(path)));
  } else if ((await isIntact(state, artifact)) && artifact.name.endsWith(FILE_LIST_SUFFIX)) {
    await checkFiles(state.paths.output, path, artifact.name, outcomes?.samples, state.files, state.findings);
  }
}

async function isPresent(state: DatasetState, artifact: Artifact): Promise<boolean> {
  const found = await stat(finalPath(state.paths, artifact.name)).catch(() => undefined);
  if (found?.isFile()) return true;
  state.findings.add('artifact_missing', artifact.name, `expected ${artifact.bytes} bytes, got no file`);
  return false;
}

async function isIntact(state: DatasetState, artifact: Artifact): Promise<boolean> {
  if (!(await isPresent(state, artifact))) return false;
  return compareArtifact(state, artifact, await digestFile(finalPath(state.paths, artifact.name)));
}

function compareArtifact(state: DatasetState, artifact: Artifact, found: FileDigest): boolean {
  if (found.bytes === artifact.bytes && found.sha256 === artifact.sha256) return true;
  const message = `expected ${artifact.bytes} bytes, sha256 ${artifact.sha256}, got ${found.bytes}, ${found.sha256}`;
  state.findings.add('artifact_damaged', artifact.name, message);
  return false;
}

function checkOutcomes(state: DatasetState, record: UnitRecord, outcomes: UnitOutcomes): void {
  const { findings } = state;
  const count = (status: string): number => outcomes.statuses.filter((one) => one === status).length;
  const found = {
    rows: outcomes.rows.length,
    stored: count('fetched'),
    failed: count('failed'),
    skipped: count('skipped'),
  };
  const promised = { rows: record.rows, stored: record.stored, failed: record.failed, skipped: record.skipped };
  if (JSON.stringify(found) !== JSON.stringify(promised) || outcomes.samples.length !== record.stored) {
    findings.add(
      'record_inconsistent',
      record.unit,
      `the record counts ${JSON.stringify(promised)}, its outcome table ${JSON.stringify(found)}`,
    );
  }
  const shard = shardOf(record.unit);
  outcomes.keys.forEach((key, index) => {
    if (key !== positionKey(shard, index) && !state.keys.add(key))
      findings.add('key_repeated', record.unit, `key ${JSON.stringify(key)} is used before`);
  });
  checkRows(state, record, outcomes.rows);
  if (state.urls !== undefined) checkUrls(state, state.urls, record, outcomes);
}

/** Against the manifest that verify was given. */
function checkUrls({ findings }: DatasetState, urls: ManifestUrls, { unit }: UnitRecord, outcomes: UnitOutcomes): void {
  const changed = outcomes.rows.filter((row, i) => !urls.isSame(row, outcomes.urls[i] ?? null));
  if (changed.length === 0) return;
  // Taking the unit again would not mend it.
  const about = findings.unit;
  findings.unit = undefined;
  findings.add(
    'row_changed',
    unit,
    `${changed.length} rows have another URL in the manifest, or none, the first is row ${changed[0]}`,
  );
  findings.unit = about;
}

function checkRows(state: DatasetState, record: UnitRecord, rows: readonly number[]): void {
  const repeated: number[] = [];
  const outside: number[] = [];
  for (const row of rows) {
    if (!state.rows.covers(row)) outside.push(row);
    else if (!state.rows.add(row)) repeated.push(row);
  }
  if (repeated.length > 0)
    state.findings.add(
      'row_repeated',
      record.unit,
      `${repeated.length} rows were accounted for before, the first is ${repeated[0]}`,
    );
  // Rows that a manifest does not have that was only given to compare with are told by their URLs.
  if (outside.length > 0 && state.urls === undefined) {
    state.findings.add(
      'record_inconsistent',
      record.unit,
      `${outside.length} row numbers are beyond the manifest, the first is ${outside[0]}`,
    );
  }
}
