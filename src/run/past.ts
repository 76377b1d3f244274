/** What a job's earlier runs have left to plan for this one. */
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

/** It was cut short before the job knew of it. */
function unfinishedExtension({ identity }: ManifestPart): FlowDcError {
  const names = identity.map(({ name }) => name).join(', ');
  const message = `rows of ${names} were begun to be added: give that manifest again, with --extend`;
  return new FlowDcError('FDC_ERR_JOB_MISMATCH', message);
}
