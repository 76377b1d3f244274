/** Read a whole dataset back and compare it with its records. */
import { stat } from 'node:fs/promises';
import { type FolderLayout, folderPaths } from '../../destination/folder-layout.ts';
import { FlowDcError } from '../../errors.ts';
import type { UnitId, UnitRecord } from '../../record.ts';
import { inOrder } from '../../structures/in-order.ts';
import type { DatasetFiles } from '../files/dataset-files.ts';
import { FolderFiles } from '../files/folder-files.ts';
import { checkSeal } from './check-seal.ts';
import { checkPlaces, checkStrays } from './check-strays.ts';
import { checkUnit, checkUrls } from './check-unit.ts';
import { DatasetState, shardOf } from './dataset-state.ts';
import { type Finding, Findings } from './findings.ts';
import type { ManifestUrls } from './manifest-urls.ts';

export interface VerifyOptions {
  /**
   * Every committed unit once, in any order. What is told to `onDamaged` is a record that is there and cannot be read.
   */
  readonly readRecords: (onDamaged: (unit: UnitId, problem: string) => void) => AsyncIterable<UnitRecord>;
  /** How many rows the manifest has. Default: as many as the records account for. */
  readonly manifestRows?: number | undefined;
  /** Files that are known to have been written beside the shards. */
  readonly sealFiles?: readonly string[] | undefined;
  /** Its URLs, when rows are to be compared with it one by one. */
  readonly urls?: ManifestUrls | undefined;
  /**
   * The job is not finished, and may be at work: only what is committed and in its place is judged. Rows without a
   * record, attempts under way and files that are not named yet are no findings then.
   */
  readonly unfinished?: boolean | undefined;
}

/**
 * Read a whole dataset back and compare it with its records: every committed file and sample has its bytes, every row
 * of the manifest is accounted for exactly once, keys are unique, what was written beside the shards has its sums, nothing
 * else lies around. Memory: a bit per row, 200 bytes per shard, one unit's table; loose files and keys of the user's own
 * 32 bytes each; 4 bytes per row when URLs are compared. Of a store, a few units' tables and chunks at once.
 * @param folder - the output folder, tar shards or loose files
 * @returns what is wrong; empty when all is well
 * Errors: FDC_ERR_JOB_MISSING when the folder holds no dataset.
 */
export async function verifyDataset(folder: string, options: VerifyOptions): Promise<Finding[]> {
  return (await findingsOf(await filesIn(folder), options)).all();
}

/** The same of files wherever they are, with every unit that something was found about. */
export async function findingsOf(
  files: DatasetFiles,
  { readRecords, urls, manifestRows = urls?.rows, sealFiles = [], unfinished = false }: VerifyOptions,
): Promise<Findings> {
  const findings = new Findings();
  const state = new DatasetState(files, { rows: manifestRows, urls }, findings);
  let rows = 0;
  const records = readRecords((unit, problem) => addDamaged(state, unit, problem));
  const check = async (record: UnitRecord): Promise<void> => {
    // Committed and not, or not wholly, in its place yet: whoever works on the job next moves it there.
    if (!unfinished || !(await files.isPending(record))) await checkUnit(state, record);
    if (record.again === undefined) rows += record.rows;
  };
  for await (const _ of inOrder(records, files.width, check));
  checkUrls(state);
  await checkPlaces(state);
  if (unfinished) return findings;
  for (const [from, to] of state.rows.gaps(manifestRows ?? rows)) {
    // What only the manifest has that was given to compare with, no repair of this dataset knows of.
    const isMendable = urls === undefined || from < rows;
    const where = `rows ${from}..${to - 1}`;
    findings.add('row_missing', where, `${to - from} rows of the manifest are in no outcome table`, isMendable);
  }
  await checkSeal(state, sealFiles);
  await checkStrays(state);
  return findings;
}

function addDamaged({ findings, damaged }: DatasetState, unit: UnitId, problem: string): void {
  damaged.add(shardOf(unit));
  findings.about(unit).add('record_damaged', unit, problem);
}

async function filesIn(folder: string): Promise<DatasetFiles> {
  for (const layout of ['shards', 'files'] satisfies FolderLayout[]) {
    const paths = folderPaths(folder, layout);
    if ((await stat(paths.state).catch(() => undefined))?.isDirectory()) return new FolderFiles(paths);
  }
  throw new FlowDcError(
    'FDC_ERR_JOB_MISSING',
    `${folder}: expected a dataset of flow-dc, got neither ${folder}/.flow-dc nor ${folder}.flow-dc`,
  );
}
