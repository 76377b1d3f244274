/** Read a whole dataset back and compare it with its records. */
import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type FolderLayout, type FolderPaths, folderPaths, METADATA_FILE } from '../../destination/folder-layout.ts';
import { FlowDcError } from '../../errors.ts';
import type { UnitRecord } from '../../record.ts';
import { SEAL_FILES } from '../seal/seal-dataset.ts';
import { checkUnit, DatasetState } from './check-unit.ts';
import { type Finding, Findings } from './findings.ts';

export interface VerifyOptions {
  /** Every committed unit once, in any order; called twice. */
  readonly readRecords: () => AsyncIterable<UnitRecord>;
  /** How many rows the manifest has. Default: as many as the records account for. */
  readonly manifestRows?: number | undefined;
}

/**
 * Read a whole dataset back and compare it with its records: every committed file and sample has its bytes, every row
 * of the manifest is accounted for exactly once, keys are unique, nothing else lies around. Memory: a bit per row, 100
 * bytes per shard, one unit's table; loose files and keys of the user's own 32 bytes each.
 * @param folder - the output folder, tar shards or loose files
 * @returns what is wrong; empty when all is well
 * Errors: FDC_ERR_JOB_MISSING when the folder holds no dataset.
 */
export async function verifyDataset(folder: string, options: VerifyOptions): Promise<Finding[]> {
  const paths = await findPaths(folder);
  const findings = new Findings();
  let rows = 0;
  for await (const record of options.readRecords()) rows += record.rows;
  const state = new DatasetState(paths, options.manifestRows ?? rows, findings);
  for await (const record of options.readRecords()) await checkUnit(state, record);
  for (const [from, to] of state.rows.gaps()) {
    findings.add('row_missing', `rows ${from}..${to - 1}`, `${to - from} rows of the manifest are in no outcome table`);
  }
  await checkStrays(state);
  return findings.all();
}

async function findPaths(folder: string): Promise<FolderPaths> {
  for (const layout of ['shards', 'files'] satisfies FolderLayout[]) {
    const paths = folderPaths(folder, layout);
    if ((await stat(paths.state).catch(() => undefined))?.isDirectory()) return paths;
  }
  throw new FlowDcError(
    'FDC_ERR_JOB_MISSING',
    `${folder}: expected a dataset of flow-dc, got neither ${folder}/.flow-dc nor ${folder}.flow-dc`,
  );
}

/** Report what lies in the output or in the staging folder and belongs to no record. */
async function checkStrays(state: DatasetState): Promise<void> {
  const { paths, findings } = state;
  await (paths.layout === 'shards' ? checkShardFolder(state) : checkLooseFolder(state, ''));
  for await (const attempt of entriesOf(paths.staging)) {
    findings.add(
      'stray',
      `staging/${attempt.name}`,
      'an attempt that was never finished; running the same download again clears it',
    );
  }
}

async function checkShardFolder({ paths, artifacts, findings }: DatasetState): Promise<void> {
  for await (const entry of entriesOf(paths.output)) {
    const known = artifacts.has(entry.name) || SEAL_FILES.includes(entry.name) || entry.name === '.flow-dc';
    if (!known) findings.add('stray', entry.name, 'no record names it');
  }
}

async function checkLooseFolder(state: DatasetState, folder: string): Promise<void> {
  for await (const entry of entriesOf(join(state.paths.output, folder))) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) await checkLooseFolder(state, path);
    else if (path !== METADATA_FILE && !state.files.has(path)) state.findings.add('stray', path, 'no record names it');
  }
}

/** Entries one by one, because a class folder may hold millions; none when there is no such folder. */
async function* entriesOf(folder: string): AsyncGenerator<{ readonly name: string; isDirectory(): boolean }> {
  try {
    yield* await opendir(folder, { bufferSize: 256 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
