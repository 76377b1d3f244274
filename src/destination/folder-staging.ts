/** One attempt at one unit, in a folder of its own that no reader looks into. */
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Artifact } from '../record.ts';
import type { StagedFile, StagedFolder, Staging } from './destination.ts';
import { forEachConcurrently, syncFolder, syncPath } from './durable.ts';
import { FILE_LIST_SUFFIX, formatListedFile } from './file-list.ts';
import { artifactName, listedPath } from './folder-layout.ts';
import { HashedFile } from './hashed-file.ts';

/** fsyncs under way at once. Each blocks one of libuv's 4 threads, and other units want to write meanwhile. */
const SYNC_WIDTH = 2;

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
