/** The files of a dataset in a local folder. */
import { createReadStream } from 'node:fs';
import { opendir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { errnoOf } from '../../destination/destination.ts';
import { type FolderLayout, type FolderPaths, finalPath, stagingFolder } from '../../destination/folder-layout.ts';
import type { UnitRecord } from '../../record.ts';
import type { DatasetEntry, DatasetFile, DatasetFiles, FoundFile, Leftover } from './dataset-files.ts';

const CHUNK_BYTES = 1024 * 1024;

/** One file on a local disk. */
export function folderFile(path: string): DatasetFile {
  return {
    path,
    look: () => found(path),
    read: () => readFile(path),
    open: () => createReadStream(path, { highWaterMark: CHUNK_BYTES }),
  };
}

export class FolderFiles implements DatasetFiles {
  readonly name: string;
  readonly layout: FolderLayout;
  /** Reading is hashing, which is done by one thread. */
  readonly width = 1;
  readonly #paths: FolderPaths;

  constructor(paths: FolderPaths) {
    this.name = paths.output;
    this.layout = paths.layout;
    this.#paths = paths;
  }

  final(name: string): DatasetFile {
    return folderFile(finalPath(this.#paths, name));
  }

  sample(path: string): DatasetFile {
    return folderFile(join(this.#paths.output, path));
  }

  state(name: string): DatasetFile {
    return folderFile(join(this.#paths.state, name));
  }

  async *entries(): AsyncGenerator<DatasetEntry> {
    const { layout, output, state } = this.#paths;
    const own = basename(state);
    for await (const entry of entriesOf(layout === 'shards' ? output : state))
      if (entry.name !== own) yield { name: entry.name, isFolder: entry.isDirectory() };
  }

  async *folders(): AsyncGenerator<string> {
    const { layout, output, state } = this.#paths;
    for (const folder of layout === 'shards' ? [output] : [output, state])
      for await (const entry of entriesOf(folder)) if (entry.isDirectory()) yield entry.name;
  }

  samples(isKnown: (path: string) => boolean): AsyncGenerator<string> {
    return this.#below('', isKnown);
  }

  async *leftovers(): AsyncGenerator<Leftover> {
    for await (const { name } of entriesOf(this.#paths.staging)) yield { kind: 'staged', where: `staging/${name}` };
  }

  async isPending({ unit, token }: UnitRecord): Promise<boolean> {
    return (await found(stagingFolder(this.#paths, unit, token))) !== undefined;
  }

  async *#below(folder: string, isKnown: (path: string) => boolean): AsyncGenerator<string> {
    for await (const entry of entriesOf(join(this.#paths.output, folder))) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (isKnown(path)) continue;
      if (entry.isDirectory()) yield* this.#below(path, isKnown);
      else yield path;
    }
  }
}

async function found(path: string): Promise<FoundFile | undefined> {
  const stats = await stat(path).catch(() => undefined);
  return stats && { isFolder: !stats.isFile(), bytes: stats.size };
}

/** Entries one by one, because a class folder may hold millions; none when there is no such folder. */
async function* entriesOf(folder: string): AsyncGenerator<{ readonly name: string; isDirectory(): boolean }> {
  try {
    yield* await opendir(folder, { bufferSize: 256 });
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
