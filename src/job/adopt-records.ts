/**
 * The output is the truth: every shard's stats file holds a copy of its record, so records that were lost (with a
 * server, or with a deleted state folder) can be made again from what lies there.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ownStats } from '../dataset/img2dataset-sample.ts';
import { STATS_SUFFIX } from '../dataset/stats-file.ts';
import { isStats, shardOfFile } from '../dataset/unit-files.ts';
import { destinationError, errnoOf } from '../destination/destination.ts';
import { type FolderPaths, finalPath } from '../destination/folder-layout.ts';
import type { Artifact, Committer, UnitRecord } from '../record.ts';
import { recordProblems } from '../record-schema.ts';
import { createLocalCommitter } from './local-committer.ts';

export interface Adoption {
  /** Records made again. */
  readonly adopted: number;
  /** Stats files that were not followed; their units are simply done again. */
  readonly refused: readonly { readonly file: string; readonly reason: string }[];
}

/** Offer records that were decided elsewhere. @returns how many of them were missing here */
export async function adoptRecords(
  committer: Committer,
  records: AsyncIterable<UnitRecord> | Iterable<UnitRecord>,
): Promise<number> {
  let adopted = 0;
  for await (const record of records) {
    if ((await committer.record(record.unit)) !== undefined) continue;
    if ((await committer.commit(record)).won) adopted++;
  }
  return adopted;
}

/**
 * Make the missing records of an output folder from its stats files. Artifacts are checked by size only: hashing
 * terabytes is what verification is for.
 * @param onMisfit - told of records that the files beside them are not as, before their units are done again
 * Errors: FDC_ERR_DEST_IO and FDC_ERR_DEST_FULL when the folders cannot be read or written.
 */
export async function adoptFromStats(
  paths: FolderPaths,
  onMisfit: (record: UnitRecord) => Promise<unknown> = async () => {},
): Promise<Adoption> {
  const committer = createLocalCommitter(paths.state);
  const refused: { file: string; reason: string }[] = [];
  let adopted = 0;
  const recorded = new Set<string>();
  for await (const record of committer.records()) recorded.add(shardOf(record.unit));
  for (const name of await statsNames(paths)) {
    // One record per shard: a stats file of another cut of the input must not add a second one.
    if (recorded.has(shardOfFile(name) ?? name)) continue;
    const found = await recordIn(paths, name, onMisfit);
    if (typeof found === 'string') refused.push({ file: finalPath(paths, name), reason: found });
    else adopted += await adoptRecords(committer, [found]);
  }
  return { adopted, refused };
}

/** `000012` of a unit id. */
export function shardOf(name: string): string {
  return /^\d*/.exec(name)?.[0] ?? '';
}

async function statsNames(paths: FolderPaths): Promise<readonly string[]> {
  const folder = dirname(finalPath(paths, `x${STATS_SUFFIX}`));
  try {
    return (await readdir(folder)).filter((name) => isStats(name)).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw destinationError(error, folder);
  }
}

/** The record that a stats file holds, with the file's own entry brought up to date; or why it cannot be used. */
async function recordIn(
  paths: FolderPaths,
  name: string,
  onMisfit: (record: UnitRecord) => Promise<unknown>,
): Promise<UnitRecord | string> {
  const content = await readFile(join(dirname(finalPath(paths, `x${STATS_SUFFIX}`)), name)).catch((error: unknown) => {
    throw destinationError(error, name);
  });
  const completed = recordOfStats(name, content);
  if (typeof completed === 'string') return completed;
  for (const artifact of completed.artifacts) {
    const bytes = await bytesOf(finalPath(paths, artifact.name));
    if (bytes === artifact.bytes) continue;
    await onMisfit(completed);
    return `${artifact.name} has ${bytes ?? 'no'} bytes, its record says ${artifact.bytes}`;
  }
  return completed;
}

/** The record that the content of a stats file holds, with an entry for the file itself; or why it cannot be used. */
export function recordOfStats(name: string, content: Uint8Array): UnitRecord | string {
  let record: unknown;
  try {
    record = (ownStats(JSON.parse(Buffer.from(content).toString('utf8'))) as { record?: unknown } | null)?.record;
  } catch {
    return 'it is not JSON';
  }
  const problems = recordProblems(record);
  if (problems.length > 0) return record === undefined ? 'it holds no record' : problems.join('; ');
  const completed = withStats(record as UnitRecord, name, content);
  const late = recordProblems(completed);
  return late.length > 0 ? late.join('; ') : completed;
}

/** A file cannot hold its own hash: whatever it says about itself is replaced. */
function withStats(record: UnitRecord, name: string, content: Uint8Array): UnitRecord {
  const self: Artifact = { name, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
  return { ...record, artifacts: [...record.artifacts.filter((artifact) => artifact.name !== name), self] };
}

async function bytesOf(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : undefined;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw destinationError(error, path);
  }
}
