/** Folders that stand where files of a dataset belong: whatever is in them is not ours, so they are moved, not deleted. */
import { lstat, opendir, rename } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { SEAL_FILES } from '../dataset/seal/seal-dataset.ts';
import { isUnitFile } from '../dataset/unit-files.ts';
import { errnoOf } from '../destination/destination.ts';
import { makeFolder } from '../destination/disk.ts';
import { type FolderPaths, METADATA_FILE } from '../destination/folder-layout.ts';
import { FILE_LIST_SUFFIX, readFileList } from '../destination/hashed-file.ts';
import { isFlowDcError } from '../errors.ts';
import { RECORDS_FOLDER } from './local-committer.ts';

/** Move them to the job's folder `aside`. @returns a line for each */
export async function moveFoldersAside(paths: FolderPaths): Promise<string[]> {
  const lines: string[] = [];
  for await (const path of misplaced(paths)) {
    const to = await freeName(join(paths.aside, basename(path)));
    await makeFolder(paths.aside);
    await rename(path, to);
    lines.push(`${relative(paths.output, path)} was a folder where a file belongs; it is moved to ${to}`);
  }
  return lines;
}

async function* misplaced(paths: FolderPaths): AsyncGenerator<string> {
  const isOurs = (name: string): boolean =>
    isUnitFile(name) || [...SEAL_FILES, METADATA_FILE].includes(name.replace(/\.part$/, ''));
  yield* foldersIn(paths.output, isOurs);
  if (paths.layout === 'files') {
    yield* foldersIn(paths.state, isOurs);
    yield* misplacedSamples(paths);
  }
  const units = join(paths.state, RECORDS_FOLDER);
  for await (const folder of foldersIn(units, (name) => /^\d{3}$/.test(name)))
    yield* foldersIn(folder, (name) => name.endsWith('.json'));
}

async function* misplacedSamples(paths: FolderPaths): AsyncGenerator<string> {
  for await (const { name } of entriesOf(paths.state)) {
    if (!isUnitFile(name) || !name.endsWith(FILE_LIST_SUFFIX)) continue;
    try {
      for await (const { path } of readFileList(join(paths.state, name)))
        if (await isFolder(join(paths.output, path))) yield join(paths.output, path);
    } catch (error) {
      if (!isFlowDcError(error) && errnoOf(error) !== 'EISDIR') throw error;
    }
  }
}

async function* foldersIn(folder: string, isMeant: (name: string) => boolean): AsyncGenerator<string> {
  for await (const entry of entriesOf(folder))
    if (entry.isDirectory() && isMeant(entry.name)) yield join(folder, entry.name);
}

async function* entriesOf(folder: string): AsyncGenerator<{ readonly name: string; isDirectory(): boolean }> {
  try {
    yield* await opendir(folder);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error;
  }
}

async function freeName(path: string): Promise<string> {
  for (let at = path, n = 1; ; n += 1) {
    if ((await lstat(at).catch(() => undefined)) === undefined) return at;
    at = join(dirname(path), `${basename(path)}.${n}`);
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isDirectory() === true;
}
