/** What a job's earlier runs have left to plan for this one. */
import { type ManifestPart, readParts } from '../job/extensions.ts';
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

/** Errors: FDC_ERR_DEST_IO. */
export async function readPast(
  { byRows = false }: Pick<JobFile, 'byRows'>,
  state: StateFiles,
  dataset: SettledDataset,
): Promise<Past> {
  const [rounds, parts] = [await readRounds(state), await readParts(state)];
  const settled = byRows || parts.length > 0 ? await SettledRows.read(dataset) : undefined;
  return { state, rounds, parts, settled };
}
