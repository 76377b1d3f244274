/**
 * One attempt at one unit, in a local folder: staged where no reader looks, then moved to its final place. Every step
 * of the move may find its work done already, by an earlier run that was killed or by another worker at this moment;
 * only "neither staged nor final" is an error.
 */
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { type Clock, sleep } from '../clock.ts';
import { FlowDcError } from '../errors.ts';
import type { UnitRecord } from '../record.ts';
import type { StagedFile, StagedFolder, Staging } from './destination.ts';
import { makeFolder, syncFolder } from './disk.ts';
import { artifactName, type FolderPaths, finalPath, stagingFolder } from './folder-layout.ts';
import { FILE_LIST_SUFFIX, HashedFile, readFileList } from './hashed-file.ts';
import { type DiskTempo, forEachConcurrently, LooseFiles, renameAtPace } from './loose-files.ts';

/**
 * Names that another machine made in a shared folder may take this long to be seen here: NFS caches for some seconds.
 */
export const VISIBLE_MS = 5_000;
export const LOOK_AGAIN_MS = 250;

/** Files that are moved between two looks at everything else. */
const YIELD_FILES = 64;

/** One attempt at one unit, in a folder of its own that no reader looks into. */
export class FolderStaging implements Staging {
  readonly #folder: string;
  readonly #kept: string;
  readonly #onSync: (step: 'staged' | 'synced') => void;
  readonly #open = new Set<HashedFile>();
  readonly #loose: LooseFiles[] = [];
  readonly #tempo: DiskTempo;

  /** @param kept - where the attempt goes when it is put aside */
  constructor(folder: string, kept: string, onSync: (step: 'staged' | 'synced') => void, tempo: DiskTempo) {
    this.#folder = folder;
    this.#kept = kept;
    this.#onSync = onSync;
    this.#tempo = tempo;
  }

  async createFile(name: string): Promise<StagedFile> {
    return this.#create(join(this.#folder, artifactName(name)), name, true);
  }

  async createFolder(name: string): Promise<StagedFolder> {
    if (!name.endsWith(FILE_LIST_SUFFIX))
      throw new RangeError(`a staged folder is named *${FILE_LIST_SUFFIX}, got ${name}`);
    const root = join(this.#folder, 'files');
    await mkdir(root, { recursive: true });
    const files = new LooseFiles(root, await this.createFile(name), this.#tempo);
    this.#loose.push(files);
    return files;
  }

  async sync(): Promise<void> {
    this.#onSync('staged');
    for (const files of this.#loose) await files.sync();
    await syncFolder(this.#folder);
    await syncFolder(dirname(this.#folder));
    this.#onSync('synced');
  }

  async keep(): Promise<void> {
    for (const files of this.#loose) await files.sync();
    await syncFolder(this.#folder);
    await makeFolder(dirname(this.#kept));
    await rm(this.#kept, { recursive: true, force: true });
    await rename(this.#folder, this.#kept);
    await syncFolder(dirname(this.#kept));
  }

  async discard(): Promise<void> {
    for (const file of this.#open) await file.abandon();
    this.#open.clear();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #create(path: string, name: string, durable: boolean): Promise<StagedFile> {
    const file = await HashedFile.create(path);
    this.#open.add(file);
    return {
      write: (chunks) => file.write(chunks),
      close: async () => {
        this.#open.delete(file);
        return { name, ...(await file.close(durable)) };
      },
    };
  }
}

/**
 * Move a decided record's artifacts to their final names. Idempotent.
 * @param showFiles - brings the loose files of a staged list to their places
 * Errors: FDC_ERR_DEST_IO.
 */
export async function rollForwardFolder(
  paths: FolderPaths,
  record: UnitRecord,
  clock: Clock,
  showFiles: (staged: string, list: string) => Promise<void>,
): Promise<void> {
  const staged = stagingFolder(paths, record.unit, record.token);
  for (const artifact of record.artifacts) artifactName(artifact.name);
  // Lists go last: a list in its final place says that all of its files are in theirs.
  const lists = record.artifacts.filter((artifact) => artifact.name.endsWith(FILE_LIST_SUFFIX));
  for (const list of lists) if (await exists(join(staged, list.name))) await showFiles(staged, list.name);
  for (const { name, bytes } of record.artifacts) {
    if (!lists.some((list) => list.name === name))
      await moveOnce(join(staged, name), finalPath(paths, name), bytes, clock);
  }
  for (const { name, bytes } of lists) await moveOnce(join(staged, name), finalPath(paths, name), bytes, clock);
  await syncFolder(paths.layout === 'shards' ? paths.output : paths.state);
  await rm(staged, { recursive: true, force: true });
}

/** Move the loose files that a staged list names to their places. Idempotent. Errors: FDC_ERR_DEST_IO. */
export async function moveFiles(
  paths: FolderPaths,
  staged: string,
  listName: string,
  clock: Clock,
  tempo: DiskTempo,
): Promise<void> {
  const list = join(staged, listName);
  const made = new Set<string>();
  let moved = 0;
  for await (const { path, bytes } of readFileList(list)) {
    const final = join(paths.output, path);
    const folder = dirname(final);
    if (!made.has(folder)) {
      await mkdir(folder, { recursive: true });
      made.add(folder);
    }
    const from = join(staged, 'files', path);
    await renameAtPace(from, final, tempo).catch(() => moveOnce(from, final, bytes, clock));
    moved += 1;
    if (moved % YIELD_FILES === 0) await turn();
  }
  made.add(paths.output);
  await forEachConcurrently(made, 4, syncFolder);
}

async function moveOnce(from: string, to: string, bytes: number, clock: Clock): Promise<void> {
  for (const endMs = clock.nowMs() + VISIBLE_MS; ; await sleep(clock, LOOK_AGAIN_MS)) {
    try {
      return await rename(from, to);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      const found = await stat(to).catch(() => undefined);
      if (found?.isFile() && found.size === bytes) return;
      if (found === undefined && clock.nowMs() < endMs) continue;
      throw new FlowDcError(
        'FDC_ERR_DEST_IO',
        `${to}: expected ${bytes} bytes here or in ${dirname(from)}, ` +
          `got ${found === undefined ? 'nothing' : `${found.size} bytes`}; the committed data was deleted or changed`,
        { cause: error },
      );
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
