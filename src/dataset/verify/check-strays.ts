/** What lies in the output or in the staging folder and belongs to no record, and what stands in the place of a file. */
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { finalPath, METADATA_FILE } from '../../destination/folder-layout.ts';
import { FILE_LIST_SUFFIX, readFileList } from '../../destination/hashed-file.ts';
import { SEAL_FILES } from '../seal/seal-dataset.ts';
import { shardOfFile } from '../unit-files.ts';
import type { DatasetState } from './check-unit.ts';

/** Report folders that stand where a file of the dataset belongs; those that a record names are reported with it. */
export async function checkPlaces({ paths, artifacts, findings }: DatasetState): Promise<void> {
  const folders = paths.layout === 'shards' ? [paths.output] : [paths.output, paths.state];
  for (const folder of folders) {
    for await (const entry of entriesOf(folder)) {
      const isOurs = shardOfFile(entry.name) !== undefined || isSealFile(entry.name);
      if (entry.isDirectory() && isOurs && !artifacts.has(entry.name))
        findings.add('artifact_damaged', entry.name, 'a folder stands in its place; flow-dc repair moves it aside');
    }
  }
}

/** Report what lies in the output or in the staging folder and belongs to no record. */
export async function checkStrays(state: DatasetState): Promise<void> {
  const { paths, findings } = state;
  await (paths.layout === 'shards' ? checkShardFolder(state) : checkFilesLayout(state));
  for await (const attempt of entriesOf(paths.staging)) {
    findings.add('stray', `staging/${attempt.name}`, 'an attempt that was never finished; flow-dc resume clears it');
  }
}

async function checkShardFolder(state: DatasetState): Promise<void> {
  const orphans = new Orphans(state);
  for await (const entry of entriesOf(state.paths.output)) {
    const { name } = entry;
    const isKnown = state.artifacts.has(name) || isSealFile(name) || name === '.flow-dc';
    if (!isKnown && !orphans.take(name, entry.isDirectory())) state.findings.add('stray', name, 'no record names it');
  }
  orphans.report();
}

async function checkFilesLayout(state: DatasetState): Promise<void> {
  const orphans = new Orphans(state);
  for await (const entry of entriesOf(state.paths.state)) {
    const { name } = entry;
    if (state.artifacts.has(name) || !orphans.take(name, entry.isDirectory())) continue;
    if (name.endsWith(FILE_LIST_SUFFIX) && entry.isFile()) await addListed(state, name);
  }
  orphans.report();
  await checkLooseFolder(state, '');
}

/** Shard or list, table, stats. */
const FILES_OF_UNIT = 3;

/** Files of units whose record is missing: part of the dataset, and no strays. */
class Orphans {
  readonly #state: DatasetState;
  readonly #shards = new Map<string, string[]>();

  constructor(state: DatasetState) {
    this.#state = state;
  }

  /** @returns false for a name that is none of theirs */
  take(name: string, isFolder: boolean): boolean {
    const shard = shardOfFile(name);
    if (shard === undefined) return false;
    // A folder in its place, and a record that cannot be read, are findings already.
    if (isFolder || this.#state.damaged.has(shard)) return true;
    if (this.#state.shards.has(shard)) return false;
    const names = this.#shards.get(shard);
    if (names === undefined) this.#shards.set(shard, [name]);
    else names.push(name);
    return true;
  }

  report(): void {
    const { findings, sealed } = this.#state;
    for (const [shard, names] of [...this.#shards].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const isOurs = names.length >= FILES_OF_UNIT || names.some((name) => sealed.has(name));
      const files = names.sort().join(', ');
      if (isOurs) findings.add('record_missing', shard, `no record names ${files}; flow-dc resume mends that`);
      else for (const name of names) findings.add('stray', name, 'no record names it');
    }
  }
}

async function addListed({ paths, files }: DatasetState, list: string): Promise<void> {
  try {
    for await (const { path } of readFileList(finalPath(paths, list))) files.add(path);
  } catch {
    // What a list that cannot be read named is not known any more.
  }
}

async function checkLooseFolder(state: DatasetState, folder: string): Promise<void> {
  for await (const entry of entriesOf(join(state.paths.output, folder))) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (path === METADATA_FILE || state.files.has(path)) continue;
    if (entry.isDirectory()) await checkLooseFolder(state, path);
    else state.findings.add('stray', path, 'no record names it');
  }
}

function isSealFile(name: string): boolean {
  return SEAL_FILES.includes(name) || name === METADATA_FILE;
}

interface Entry {
  readonly name: string;
  isDirectory(): boolean;
  isFile(): boolean;
}

/** Entries one by one, because a class folder may hold millions; none when there is no such folder. */
async function* entriesOf(folder: string): AsyncGenerator<Entry> {
  try {
    yield* await opendir(folder, { bufferSize: 256 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
