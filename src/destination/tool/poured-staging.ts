/**
 * One attempt at one unit whose shard is on the other side from its first byte on, under a name that no reader takes
 * for a shard; where the tool cannot rename, under its final one. The small files, and a shard for which no program is
 * free, are staged on the disk here.
 */
import type { StagedFile, StagedFolder, Staging } from '../destination.ts';
import type { PouredFile } from './poured-file.ts';
import type { RemoteFolder } from './remote-folder.ts';
import { type Attempt, SHARD, stagedName } from './staged-name.ts';

export class PouredStaging implements Staging {
  readonly #local: Staging;
  readonly #attempt: Attempt;
  readonly #remote: RemoteFolder;
  readonly #poured = new Map<string, PouredFile>();

  constructor(local: Staging, attempt: Attempt, remote: RemoteFolder) {
    this.#local = local;
    this.#attempt = attempt;
    this.#remote = remote;
  }

  async createFile(name: string): Promise<StagedFile> {
    const there = this.#remote.tool.move === undefined ? name : stagedName(this.#attempt, name);
    const file = SHARD.test(name) ? this.#remote.pour(there) : undefined;
    if (file === undefined) return this.#local.createFile(name);
    this.#poured.set(there, file);
    return { write: (chunks) => file.write(chunks), close: async () => ({ ...(await file.close()), name }) };
  }

  createFolder(name: string): Promise<StagedFolder> {
    return this.#local.createFolder(name);
  }

  sync(): Promise<void> {
    return this.#local.sync();
  }

  /** What cannot be removed there now is found by the next run. */
  async discard(): Promise<void> {
    await this.#local.discard();
    const poured = [...this.#poured];
    this.#poured.clear();
    const remove = async ([name, file]: (typeof poured)[number]): Promise<void> => {
      // A final name may be somebody else's by now.
      if ((await file.abandon()) && this.#remote.tool.move !== undefined) await this.#remote.remove(name);
    };
    await Promise.allSettled(poured.map(remove));
  }
}
