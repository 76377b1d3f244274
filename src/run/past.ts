/** What a job's earlier runs have left to plan for this one. */
import type { DatasetFiles } from '../dataset/files/dataset-files.ts';
import { OVERVIEW_FILE } from '../dataset/seal/seal-dataset.ts';
import { FlowDcError } from '../errors.ts';
import { type ManifestPart, readParts, sameFiles } from '../job/extensions.ts';
import type { JobFile } from '../job/job-file.ts';
import { type RetryRound, readRounds } from '../job/retry-rounds.ts';
import type { StateFiles } from '../job/state-files.ts';
import { type SettledDataset, SettledRows } from './settled-rows.ts';

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
 * @param takenBack - this run was asked to do units again
 */
export async function beginningsOf(
  { rounds, parts }: Pick<Past, 'rounds' | 'parts'>,
  before: number,
  { files, decided }: SettledDataset,
  takenBack: boolean,
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
  const said = await overviewOf(files);
  // Samples were taken out, or what stands beside the shards is written again.
  const isSettled = again === 0 && before === said?.rows;
  const wasFinished = isNew || takenBack || isSettled;
  const interrupted = before > 0 && (wasFinished ? (said?.interrupted ?? !isNew) : true);
  return { rows: last && last.firstRow + last.rows + again, again, interrupted };
}

/** As it was when the dataset was finished last; undefined of one that never was, or says nothing. */
async function overviewOf(files: DatasetFiles): Promise<{ rows: unknown; interrupted: boolean } | undefined> {
  try {
    const { summary } = JSON.parse((await files.final(OVERVIEW_FILE).read()).toString('utf8'));
    return { rows: summary.total_urls, interrupted: summary.shutdown_requested === true };
  } catch {
    return undefined;
  }
}

/** It was cut short before the job knew of it. */
function unfinishedExtension({ identity }: ManifestPart): FlowDcError {
  const names = identity.map(({ name }) => name).join(', ');
  const message = `rows of ${names} were begun to be added: flow-dc resume goes on with that`;
  return new FlowDcError('FDC_ERR_JOB_MISMATCH', message);
}
