/**
 * Whether an output folder is free to be used, and making it free: deleting what a job wrote and nothing else, only
 * names that its records vouch for.
 */
import { lstat, readdir, readFile, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isOwnersFile } from '../dataset/owners-files.ts';
import { CARD_FILE, isOurCard } from '../dataset/seal/put-card.ts';
import { SEAL_FILES } from '../dataset/seal/seal-dataset.ts';
import { destinationError, errnoOf } from '../destination/destination.ts';
import { syncFolder } from '../destination/disk.ts';
import { type FolderPaths, finalPath, METADATA_FILE, stagingFolder } from '../destination/folder-layout.ts';
import { FILE_LIST_SUFFIX, readFileList } from '../destination/hashed-file.ts';
import { FlowDcError } from '../errors.ts';
import type { UnitRecord } from '../record.ts';
import { createLocalCommitter } from './local-committer.ts';
import { adviceForLostSibling } from './lost-sibling.ts';

/** Errors: FDC_ERR_DEST_UNWRITABLE when the output is a file. */
export async function refuseFile(out: string): Promise<void> {
  let isFolder = true;
  try {
    isFolder = (await stat(out)).isDirectory();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw destinationError(error, out, 'FDC_ERR_DEST_UNWRITABLE');
  }
  if (!isFolder)
    throw new FlowDcError(
      'FDC_ERR_DEST_UNWRITABLE',
      `${out} is a file, expected a folder; choose another output with -o`,
    );
}

/** Errors: FDC_ERR_DEST_FOREIGN when the folder holds anything. Only for a folder without a job. */
export async function refuseForeign(out: string): Promise<void> {
  const names = await foreignNames(out);
  if (names.length === 0) return;
  const advice = await adviceForLostSibling(out);
  throw new FlowDcError(
    'FDC_ERR_DEST_FOREIGN',
    `${out} holds ${tell(names)} and no flow-dc job; ` +
      (advice ?? 'choose another output with -o, or empty the folder'),
  );
}

/** What stayed after a job's files were deleted, as lines for the user. */
export async function leftOver(out: string): Promise<string[]> {
  const names = await foreignNames(out);
  return names.length === 0 ? [] : [`left alone in ${out}, because no record names them: ${tell(names)}`];
}

/** But for our own state of a run that died at its very start, and for what its owner or their system put there. */
async function foreignNames(out: string): Promise<readonly string[]> {
  return (await namesIn(out)).filter((name) => !isOwnersFile(name)).sort();
}

/** The folder's entries, none when it does not exist. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw destinationError(error, folder, 'FDC_ERR_DEST_UNWRITABLE');
  }
}

function tell(names: readonly string[]): string {
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
}

/**
 * Remove a job's recorded files, seal files and state, but for job.json, the lock and the overwrite mark, which the
 * caller replaces, for what was moved aside, and for what hosts have given: their quotas are not ours to renew. May be cut short at any point and done again: a record goes after the files that it names.
 */
export async function clearOutput(paths: FolderPaths): Promise<void> {
  for await (const record of createLocalCommitter(paths.state).records()) await clearUnit(paths, record);
  for (const name of [...SEAL_FILES, METADATA_FILE]) {
    const path = finalPath(paths, name);
    await remove(`${path}.part`);
    if (name !== CARD_FILE || (await isOurs(path))) await remove(path);
  }
  const kept = new Set([paths.jobFile, paths.lockFile, paths.overwriteFile, paths.aside, paths.quotas]);
  for (const name of await readdir(paths.state)) {
    const path = join(paths.state, name);
    if (!kept.has(path)) await rm(path, { recursive: true, force: true });
  }
  await syncFolder(paths.output);
  await syncFolder(paths.state);
}

async function clearUnit(paths: FolderPaths, record: UnitRecord): Promise<void> {
  await clearListedFiles(paths, record);
  for (const { name } of record.artifacts) await remove(finalPath(paths, name));
}

/** Remove the loose files that a record's lists name. */
export async function clearListedFiles(paths: FolderPaths, { unit, token, artifacts }: UnitRecord): Promise<void> {
  for (const { name } of artifacts) {
    if (!name.endsWith(FILE_LIST_SUFFIX)) continue;
    // A list that was not rolled forward is still staged, with some of its files in their final place perhaps.
    await clearListed(paths, join(stagingFolder(paths, unit, token), name));
    await clearListed(paths, finalPath(paths, name));
  }
}

async function clearListed(paths: FolderPaths, list: string): Promise<void> {
  const folders = new Set<string>();
  try {
    for await (const { path } of readFileList(list)) {
      await remove(join(paths.output, path));
      folders.add(dirname(join(paths.output, path)));
    }
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  for (const folder of folders) await removeEmpty(folder, paths.output);
}

/** Remove a folder and its parents up to `stop` as long as they are empty. */
async function removeEmpty(folder: string, stop: string): Promise<void> {
  for (let empty = folder; empty.length > stop.length; empty = dirname(empty)) {
    try {
      await rmdir(empty);
    } catch (error) {
      if (errnoOf(error) === 'ENOTEMPTY' || errnoOf(error) === 'EEXIST') return;
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }
}

async function isOurs(card: string): Promise<boolean> {
  return isOurCard(await readFile(card).catch(() => Buffer.alloc(0)));
}

/** A file only: a folder that has the name of one of ours is somebody else's. */
async function remove(path: string): Promise<void> {
  try {
    if (!(await lstat(path)).isDirectory()) await unlink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error;
  }
}
