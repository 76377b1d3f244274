/** What a job's earlier runs have left to plan for this one. */
import type { DatasetFiles } from '../dataset/files/dataset-files.ts';
import { FlowDcError } from '../errors.ts';
import { type ManifestPart, readParts, sameFiles } from '../job/extensions.ts';
import type { JobFile } from '../job/job-file.ts';
import { type RetryRound, readRounds } from '../job/retry-rounds.ts';
import type { StateFiles } from '../job/state-files.ts';
import { type SettledDataset, SettledRows } from './settled-rows.ts';

const OVERVIEW_FILE = 'overview.json';

export interface Past {
  readonly state: StateFiles;
  /** What is fetched again, round by round. */
  readonly rounds: readonly RetryRound[];
  /** Manifests that the dataset was made from, this run's as the last one; none where there is that one alone. */
  readonly parts: readonly ManifestPart[];
  /** Where rows are planned by what is settled of them, and not by units. */
  readonly settled: SettledRows | undefined;
}

/** Errors: FDC_ERR_DEST_IO; FDC_ERR_JOB_MISMATCH where another manifest was begun to be added. */
export async function readPast(
  { byRows = false, identity }: Pick<JobFile, 'byRows' | 'identity'>,
  state: StateFiles,
  dataset: SettledDataset,
): Promise<Past> {
  const [rounds, parts] = [await readRounds(state), await readParts(state)];
  const last = parts.at(-1);
  if (last !== undefined && !sameFiles(last.identity, identity.inputs)) throw unfinishedExtension(last);
  const settled = byRows || parts.length > 0 ? await SettledRows.read(dataset) : undefined;
  return { state, rounds, parts, settled };
}

/** What a run is told of those before it. */
export interface Beginnings {
  /** Rows that have an end once this run is through, each time that they are taken; undefined where nobody knows. */
  readonly rows: number | undefined;
  /** Besides the manifest's, where their number shows only in it. */
  readonly again: number;
  /** An earlier run was stopped. */
  readonly interrupted: boolean;
}

/**
 * @param before - rows that are settled
 */
export async function beginningsOf(
  { rounds, parts }: Past,
  before: number,
  { files, decided }: SettledDataset,
): Promise<Beginnings> {
  let again = rounds.reduce((sum, round) => sum + round.rows.length, 0);
  const sets = new Set<number>();
  for await (const record of decided.records()) {
    if (record.again === undefined) continue;
    sets.add(record.again.set);
    again -= record.rows;
  }
  const [round, last] = [rounds.at(-1), parts.at(-1)];
  // Then the run before has finished the dataset, and what it had come through was said there.
  const isNew = (round !== undefined && !sets.has(round.set)) || (last !== undefined && before === last.firstRow);
  const interrupted = before > 0 && (!isNew || (await saidInterrupted(files)));
  return { rows: last && last.firstRow + last.rows + again, again, interrupted };
}

async function saidInterrupted(files: DatasetFiles): Promise<boolean> {
  try {
    const overview = JSON.parse((await files.final(OVERVIEW_FILE).read()).toString('utf8'));
    return overview.summary.shutdown_requested === true;
  } catch {
    return false;
  }
}

/** It was cut short before the job knew of it. */
function unfinishedExtension({ identity }: ManifestPart): FlowDcError {
  const names = identity.map(({ name }) => name).join(', ');
  const message = `rows of ${names} were begun to be added: flow-dc resume goes on with that`;
  return new FlowDcError('FDC_ERR_JOB_MISMATCH', message);
}
