/**
 * One attempt at one unit, in a local folder: staged where no reader looks, then moved to its final place. Every step of
 * the move may find its work done already, by an earlier run that was killed or by another worker at this moment; only
 * "neither staged nor final" is an error.
 */
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Clock, sleep } from '../clock.ts';
import { FlowDcError } from '../errors.ts';
import type { Artifact, UnitRecord } from '../record.ts';
import type { StagedFile, StagedFolder, Staging } from './destination.ts';
import { syncFolder, syncPath } from './disk.ts';
import { artifactName, type FolderPaths, finalPath, listedPath, stagingFolder } from './folder-layout.ts';
import { FILE_LIST_SUFFIX, formatListedFile, HashedFile, readFileList } from './hashed-file.ts';

/** fsyncs under way at once. Each blocks one of libuv's 4 threads, and other units want to write meanwhile. */
const SYNC_WIDTH = 2;

/**
 * Names that another machine made in a shared folder may take this long to be seen here: NFS caches for some seconds.
 */
export const VISIBLE_MS = 5_000;
export const LOOK_AGAIN_MS = 250;

/** One attempt at one unit, in a folder of its own that no reader looks into. */
export class FolderStaging implements Staging {
  readonly #folder: string;
  readonly #onSync: (step: 'staged' | 'synced') => void;
  readonly #open = new Set<HashedFile>();
  /** Loose files and their folders, to be made durable all at once. */
  readonly #unsynced = new Set<string>();

  constructor(folder: string, onSync: (step: 'staged' | 'synced') => void) {
    this.#folder = folder;
    this.#onSync = onSync;
  }

  async createFile(name: string): Promise<StagedFile> {
    return this.#create(join(this.#folder, artifactName(name)), name, true);
  }

  async createFolder(name: string): Promise<StagedFolder> {
    if (!name.endsWith(FILE_LIST_SUFFIX))
      throw new RangeError(`a staged folder is named *${FILE_LIST_SUFFIX}, got ${name}`);
    const list = await this.createFile(name);
    return new LooseFiles(list, (path) => this.#createLoose(path));
  }

  async sync(): Promise<void> {
    this.#onSync('staged');
    // A journal commits many fsyncs at once: thousands of small files cost far less side by side than one by one.
    await forEachConcurrently(this.#unsynced, SYNC_WIDTH, syncPath);
    this.#unsynced.clear();
    await syncFolder(this.#folder);
    await syncFolder(dirname(this.#folder));
    this.#onSync('synced');
  }

  async discard(): Promise<void> {
    for (const file of this.#open) await file.abandon();
    this.#open.clear();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #createLoose(path: string): Promise<StagedFile> {
    const staged = join(this.#folder, 'files', listedPath(path));
    const folder = dirname(staged);
    if (!this.#unsynced.has(folder)) {
      await mkdir(folder, { recursive: true });
      this.#unsynced.add(folder);
      this.#unsynced.add(join(this.#folder, 'files'));
    }
    this.#unsynced.add(staged);
    return this.#create(staged, path, false);
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

class LooseFiles implements StagedFolder {
  readonly #list: StagedFile;
  /** Lines of the list, written at once: about 150 bytes per file of one unit. */
  readonly #lines: string[] = [];
  readonly #create: (path: string) => Promise<StagedFile>;

  constructor(list: StagedFile, create: (path: string) => Promise<StagedFile>) {
    this.#list = list;
    this.#create = create;
  }

  async createFile(path: string): Promise<StagedFile> {
    const file = await this.#create(path);
    return {
      write: (chunks) => file.write(chunks),
      close: async () => {
        const { bytes, sha256 } = await file.close();
        this.#lines.push(formatListedFile({ path, bytes, sha256 }));
        return { name: path, bytes, sha256 };
      },
    };
  }

  async close(): Promise<Artifact> {
    await this.#list.write([Buffer.from(this.#lines.join(''))]);
    return this.#list.close();
  }
}

/** Move a decided record's artifacts to their final names. Idempotent. Errors: FDC_ERR_DEST_IO. */
export async function rollForwardFolder(paths: FolderPaths, record: UnitRecord, clock: Clock): Promise<void> {
  const staged = stagingFolder(paths, record.unit, record.token);
  for (const artifact of record.artifacts) artifactName(artifact.name);
  // Lists go last: a list in its final place says that all of its files are in theirs.
  const lists = record.artifacts.filter((artifact) => artifact.name.endsWith(FILE_LIST_SUFFIX));
  for (const list of lists) await rollFiles(paths, staged, list.name, clock);
  for (const { name, bytes } of record.artifacts) {
    if (!lists.some((list) => list.name === name))
      await moveOnce(join(staged, name), finalPath(paths, name), bytes, clock);
  }
  for (const { name, bytes } of lists) await moveOnce(join(staged, name), finalPath(paths, name), bytes, clock);
  await syncFolder(paths.layout === 'shards' ? paths.output : paths.state);
  await rm(staged, { recursive: true, force: true });
}

async function rollFiles(paths: FolderPaths, staged: string, listName: string, clock: Clock): Promise<void> {
  const list = join(staged, listName);
  if (!(await exists(list))) return;
  const made = new Set<string>();
  for await (const { path, bytes } of readFileList(list)) {
    const final = join(paths.output, path);
    const folder = dirname(final);
    if (!made.has(folder)) {
      await mkdir(folder, { recursive: true });
      made.add(folder);
    }
    await moveOnce(join(staged, 'files', path), final, bytes, clock);
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
        `${to}: expected ${bytes} bytes here or in ${dirname(from)}, got ${found === undefined ? 'nothing' : `${found.size} bytes`}; the committed data was deleted or changed`,
        { cause: error },
      );
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** Run `work` over `items`, at most `width` at a time; rejects with the first error once none is running. */
async function forEachConcurrently<T>(
  items: Iterable<T>,
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let failed = false;
  const lane = async (): Promise<void> => {
    for (let next = iterator.next(); !next.done && !failed; next = iterator.next()) {
      await work(next.value).catch((error: unknown) => {
        failed = true;
        throw error;
      });
    }
  };
  const results = await Promise.allSettled(Array.from({ length: width }, lane));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
