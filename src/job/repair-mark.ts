/**
 * repair.json: units of a job that are to be done again. Their records are taken back, so that the next run finds them
 * undone; what the shards of a unit held stays where it is until the new attempt's files take its place.
 */
import { readFile, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { SUCCESS_FILE } from '../dataset/seal/seal-dataset.ts';
import { statsOf } from '../dataset/unit-files.ts';
import { destinationError, errnoOf } from '../destination/destination.ts';
import { syncFolder, writeAtomically } from '../destination/disk.ts';
import { type FolderPaths, finalPath } from '../destination/folder-layout.ts';
import { FlowDcError, isFlowDcError } from '../errors.ts';
import { schemaCheck } from '../json-schema.ts';
import type { UnitId, UnitRecord } from '../record.ts';
import { UNIT_ID_PATTERN } from '../record-schema.ts';
import { clearListedFiles } from './folder-claim.ts';
import { keepSamples } from './keep-samples.ts';
import { createLocalCommitter, recordFile } from './local-committer.ts';
import { moveFoldersAside } from './move-aside.ts';

/** A unit with the attempt that was found wrong; without a token where its record cannot be read. */
export interface UnitToRepair {
  readonly unit: UnitId;
  readonly token?: string | undefined;
}

/** Among the files that the job keeps. */
export const REPAIR_FILE = 'repair.json';

const SCHEMA = {
  type: 'array',
  items: {
    type: 'object',
    required: ['unit'],
    properties: { unit: { type: 'string', pattern: UNIT_ID_PATTERN }, token: { type: 'string' } },
  },
} as const;

const matches = schemaCheck<readonly UnitToRepair[]>(SCHEMA);

/** Whoever opens the job next takes these units back. */
export async function markForRepair({ repairFile }: FolderPaths, units: readonly UnitToRepair[]): Promise<void> {
  await writeAtomically(repairFile, formatRepairMark(units));
}

export function formatRepairMark(units: readonly UnitToRepair[]): string {
  return `${JSON.stringify(units)}\n`;
}

/**
 * Take back what is marked: only under the job's lock. May be cut short at any point and done again: the dataset is
 * unfinished before anything is taken back, and a record goes after whatever it could be made again from.
 * @returns what to tell the user, a line each
 */
export async function takeBackMarked(paths: FolderPaths): Promise<string[]> {
  const marked = await readRepairMark(paths);
  if (marked === undefined) return [];
  const notices = await moveFoldersAside(paths);
  await rm(finalPath(paths, SUCCESS_FILE), { force: true });
  await syncFolder(paths.layout === 'shards' ? paths.output : paths.state);
  let taken = 0;
  for (const unit of marked) if (await takeBack(paths, unit, notices)) taken += 1;
  await rm(paths.repairFile, { force: true });
  return [...notices, ...takenNotices(taken)];
}

export function takenNotices(taken: number): string[] {
  if (taken === 0) return [];
  return [`${taken} ${taken === 1 ? 'unit is' : 'units are'} done again, as flow-dc repair asked`];
}

async function takeBack(paths: FolderPaths, { unit, token }: UnitToRepair, notices: string[]): Promise<boolean> {
  const record = await recordNow(paths, unit);
  // Done again already, by whoever was cut short here before.
  if (record?.token !== token) return false;
  const problem = record === undefined ? undefined : await keepSamples(paths, record);
  if (problem !== undefined) notices.push(`${problem}; all of it is fetched again`);
  if (record !== undefined && paths.layout === 'files') await clearListedFiles(paths, record);
  // A record that cannot be read is made again from its unit's stats, if those are there and fit the shard.
  if (record !== undefined) await remove(finalPath(paths, statsOf(record)));
  await remove(recordFile(paths.state, unit));
  await syncFolder(join(recordFile(paths.state, unit), '..'));
  return true;
}

async function recordNow(paths: FolderPaths, unit: UnitId): Promise<UnitRecord | undefined> {
  try {
    return await createLocalCommitter(paths.state).record(unit);
  } catch (error) {
    if (isFlowDcError(error)) return undefined;
    throw error;
  }
}

async function readRepairMark({ repairFile: path }: FolderPaths): Promise<readonly UnitToRepair[] | undefined> {
  try {
    return parseRepairMark(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw destinationError(error, path);
  }
}

/** @param name - for messages. Errors: FDC_ERR_DEST_IO. */
export function parseRepairMark(text: string, name: string): readonly UnitToRepair[] {
  try {
    const value: unknown = JSON.parse(text);
    if (matches(value)) return value;
  } catch {}
  throw new FlowDcError('FDC_ERR_DEST_IO', `${name} cannot be understood`, {
    advice: '; delete it, then let flow-dc verify say whether a flow-dc repair is needed',
  });
}

async function remove(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error;
  });
}
