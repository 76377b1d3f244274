/** Deleting what a job wrote, and nothing else: only names that its records vouch for. */
import { lstat, readdir, rm, rmdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf } from '../destination/destination-error.ts';
import { syncFolder } from '../destination/durable.ts';
import { FILE_LIST_SUFFIX, readFileList } from '../destination/file-list.ts';
import {
  type FolderLayout,
  type FolderPaths,
  finalPath,
  folderPaths,
  METADATA_FILE,
  stagingFolder,
} from '../destination/folder-layout.ts';
import type { UnitRecord } from '../record.ts';
import { createLocalCommitter } from './local-committer.ts';
import { statePaths } from './state-folder.ts';

/** Written when a job is finished; named by no record. */
const SEAL_FILES = ['overview.json', 'index.json', 'README.md', '_SUCCESS', METADATA_FILE];

/**
 * Remove a job's recorded files, seal files and state, but for job.json, the lock and the overwrite mark, which the
 * caller replaces. May be cut short at any point and done again: a record goes after the files that it names.
 */
export async function clearOutput(out: string, layout: FolderLayout): Promise<void> {
  const paths = folderPaths(out, layout);
  for await (const record of createLocalCommitter(paths.state).records()) await clearUnit(paths, record);
  for (const name of SEAL_FILES) {
    await remove(finalPath(paths, name));
    await remove(`${finalPath(paths, name)}.part`);
  }
  const { jobFile, lockFile, overwriteFile } = statePaths(paths.state);
  const kept = new Set([jobFile, lockFile, overwriteFile]);
  for (const name of await readdir(paths.state)) {
    const path = join(paths.state, name);
    if (!kept.has(path)) await rm(path, { recursive: true, force: true });
  }
  await syncFolder(paths.output);
  await syncFolder(paths.state);
}

async function clearUnit(paths: FolderPaths, record: UnitRecord): Promise<void> {
  for (const { name } of record.artifacts) {
    if (name.endsWith(FILE_LIST_SUFFIX)) {
      // A list that was not rolled forward is still staged, with some of its files in their final place perhaps.
      await clearListed(paths, join(stagingFolder(paths, record.unit, record.token), name));
      await clearListed(paths, finalPath(paths, name));
    }
    await remove(finalPath(paths, name));
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

/** A file only: a folder that has the name of one of ours is somebody else's. */
async function remove(path: string): Promise<void> {
  try {
    if (!(await lstat(path)).isDirectory()) await unlink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error;
  }
}
