/** Everything that one record promises. */
import { FILE_LIST_SUFFIX, type FileDigest } from '../../destination/hashed-file.ts';
import type { Artifact, UnitRecord } from '../../record.ts';
import { MOST_ROWS, RowBitmap } from '../../structures/row-bitmap.ts';
import type { DatasetFile } from '../files/dataset-files.ts';
import { digestOf } from '../files/digest.ts';
import { img2datasetKey } from '../img2dataset-words.ts';
import { positionKey } from '../naming/sample-names.ts';
import { readUnitOutcomes, type UnitOutcomes } from '../outcome-rows.ts';
import { isDataFile, isTable } from '../unit-files.ts';
import { checkData } from './check-data.ts';
import { checkFiles } from './check-files.ts';
import { checkTar } from './check-tar.ts';
import { type DatasetState, shardOf, type UnitState } from './dataset-state.ts';
import type { ManifestUrls } from './manifest-urls.ts';

/** Everything that one record promises. Units may be looked at side by side. */
export async function checkUnit(dataset: DatasetState, record: UnitRecord): Promise<void> {
  const findings = dataset.findings.about(record.unit);
  const state: UnitState = { ...dataset, findings };
  state.shards.add(shardOf(record.unit));
  for (const { name, sha256 } of record.artifacts) {
    if (state.artifacts.has(name))
      findings.add('record_inconsistent', name, `unit ${record.unit} and another one both committed it`);
    state.artifacts.set(name, sha256);
  }
  const table = record.artifacts.find(({ name }) => isTable(name));
  const outcomes = table === undefined ? undefined : await readTable(state, table);
  if (outcomes !== undefined) checkOutcomes(state, record, outcomes);
  for (const artifact of record.artifacts) if (artifact !== table) await checkArtifact(state, artifact, outcomes);
}

async function readTable(state: UnitState, table: Artifact): Promise<UnitOutcomes | undefined> {
  if (!(await isIntact(state, table))) return undefined;
  try {
    return readUnitOutcomes(await state.files.final(table.name).read());
  } catch (error) {
    state.findings.add(
      'artifact_unreadable',
      table.name,
      `cannot be read as an outcome table: ${(error as Error).message}`,
    );
    return undefined;
  }
}

async function checkArtifact(state: UnitState, artifact: Artifact, outcomes: UnitOutcomes | undefined): Promise<void> {
  const file = state.files.final(artifact.name);
  if (/\.tar(\.gz)?$/.test(artifact.name)) {
    if (!(await isPresent(state, file, artifact))) return;
    const digest = await checkTar(file, artifact.name, outcomes?.samples, state.findings);
    compareArtifact(state, artifact, digest ?? (await digestOf(file)));
  } else if (isDataFile(artifact.name)) {
    if (!(await isPresent(state, file, artifact))) return;
    const digest = await checkData(file, artifact.name, outcomes?.samples, state.findings);
    compareArtifact(state, artifact, digest ?? (await digestOf(file)));
  } else if ((await isIntact(state, artifact)) && artifact.name.endsWith(FILE_LIST_SUFFIX)) {
    await checkFiles(state, file, artifact.name, outcomes?.samples);
  }
}

async function isPresent({ findings }: UnitState, file: DatasetFile, artifact: Artifact): Promise<boolean> {
  const found = await file.look();
  if (found?.isFolder === false) return true;
  findings.add('artifact_missing', artifact.name, `expected ${artifact.bytes} bytes, got no file`);
  return false;
}

async function isIntact(state: UnitState, artifact: Artifact): Promise<boolean> {
  const file = state.files.final(artifact.name);
  if (!(await isPresent(state, file, artifact))) return false;
  return compareArtifact(state, artifact, await digestOf(file));
}

function compareArtifact(state: UnitState, artifact: Artifact, found: FileDigest): boolean {
  if (found.bytes === artifact.bytes && found.sha256 === artifact.sha256) return true;
  const message = `expected ${artifact.bytes} bytes, sha256 ${artifact.sha256}, got ${found.bytes}, ${found.sha256}`;
  state.findings.add('artifact_damaged', artifact.name, message);
  return false;
}

function checkOutcomes(state: UnitState, record: UnitRecord, outcomes: UnitOutcomes): void {
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
  // A row that is fetched again keeps the key that its manifest gives it.
  const again = record.again === undefined ? '' : `${record.again.set}\0`;
  outcomes.keys.forEach((key, index) => {
    const isOurs = key === positionKey(shard, index) || key === img2datasetKey(shard, index);
    if (!isOurs && !state.keys.add(again + key))
      findings.add('key_repeated', record.unit, `key ${JSON.stringify(key)} is used before`);
  });
  checkRows(state, record, outcomes.rows);
  if (state.urls !== undefined) noteUrls(state, state.urls, record, outcomes);
}

/** Against the manifest that verify was given. */
function noteUrls(
  { changed, mended }: UnitState,
  urls: ManifestUrls,
  { unit, again }: UnitRecord,
  outcomes: UnitOutcomes,
): void {
  const isSame = (row: number, url: string | null | undefined): boolean => url === undefined || urls.isSame(row, url);
  const others = outcomes.rows.filter((row, i) => !isSame(row, outcomes.urls[i]));
  if (others.length > 0) changed.set(unit, others);
  if (again === undefined) return;
  outcomes.rows.forEach((row, i) => {
    if (isSame(row, outcomes.urls[i])) mended.add(row);
  });
}

/** Once all units were looked at: the line of a row that was mended and fetched again since has the URL of that time. */
export function checkUrls({ findings, changed, mended }: DatasetState): void {
  for (const [unit, rows] of changed) {
    const others = rows.filter((row) => !mended.has(row));
    if (others.length === 0) continue;
    const message = `${others.length} rows have another URL in the manifest, or none, the first is row ${others[0]}`;
    findings.about(unit).add('row_changed', unit, message);
  }
}

function checkRows(state: UnitState, record: UnitRecord, rows: readonly number[]): void {
  const seen = seenRows(state, record);
  const repeated: number[] = [];
  const outside: number[] = [];
  for (const row of rows) {
    if (!state.rows.covers(row)) outside.push(row);
    else if (!seen.add(row)) repeated.push(row);
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

/** Every row once, and once more each time that it was fetched again. */
function seenRows({ rows, rowsAgain }: UnitState, { again }: UnitRecord): RowBitmap {
  if (again === undefined) return rows;
  const seen = rowsAgain.get(again.set) ?? new RowBitmap(MOST_ROWS);
  rowsAgain.set(again.set, seen);
  return seen;
}
