/** What lies in the output or in the staging folder and belongs to no record, and what stands in the place of a file. */
import { METADATA_FILE } from '../../destination/folder-layout.ts';
import { FILE_LIST_SUFFIX, parseFileList } from '../../destination/hashed-file.ts';
import { isFlowDcError } from '../../errors.ts';
import { isOwnersFile } from '../owners-files.ts';
import { SEAL_FILES } from '../seal/seal-dataset.ts';
import { shardOfFile } from '../unit-files.ts';
import type { DatasetState } from './dataset-state.ts';

/** Report folders that stand where a file of the dataset belongs; those that a record names are reported with it. */
export async function checkPlaces({ files, artifacts, findings }: DatasetState): Promise<void> {
  for await (const name of files.folders()) {
    const isOurs = shardOfFile(name) !== undefined || isSealFile(name);
    if (isOurs && !artifacts.has(name))
      findings.add('artifact_damaged', name, 'a folder stands in its place; flow-dc repair moves it aside');
  }
}

/** Report what lies in the output or was staged and belongs to no record. */
export async function checkStrays(state: DatasetState): Promise<void> {
  const { files, findings } = state;
  await (files.layout === 'shards' ? checkShards(state) : checkLooseFiles(state));
  for await (const { kind, where } of files.leftovers()) {
    if (kind === 'staged') findings.add('stray', where, 'an attempt that was never finished; flow-dc resume clears it');
    else findings.add('upload_unfinished', where, 'an upload that was never finished; flow-dc repair removes it');
  }
}

async function checkShards(state: DatasetState): Promise<void> {
  const orphans = new Orphans(state);
  for await (const { name, isFolder } of state.files.entries()) {
    const isKnown = state.artifacts.has(name) || isSealFile(name) || isOwnersFile(name) || PREPARED.test(name);
    if (!isKnown && !orphans.take(name, isFolder)) state.findings.add('stray', name, 'no record names it');
  }
  orphans.report();
}

async function checkLooseFiles(state: DatasetState): Promise<void> {
  const orphans = new Orphans(state);
  for await (const { name, isFolder } of state.files.entries()) {
    if (state.artifacts.has(name) || !orphans.take(name, isFolder)) continue;
    if (name.endsWith(FILE_LIST_SUFFIX) && !isFolder) await addListed(state, name);
  }
  orphans.report();
  const isKnown = (path: string): boolean => path === METADATA_FILE || state.listed.has(path) || isOwnersFile(path);
  for await (const path of state.files.samples(isKnown)) state.findings.add('stray', path, 'no record names it');
}

/** What Megatron-Energon puts beside an archive when it is told to prepare a dataset. */
const PREPARED = /\.tar\.idx$/;

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

async function addListed({ files, listed }: DatasetState, list: string): Promise<void> {
  const text = (await files.final(list).read()).toString('utf8');
  try {
    for (const { path } of parseFileList(text, list)) listed.add(path);
  } catch (error) {
    // What a list that cannot be understood names is not known any more.
    if (!isFlowDcError(error)) throw error;
  }
}

function isSealFile(name: string): boolean {
  return SEAL_FILES.includes(name) || name === METADATA_FILE;
}
