/** Which loose files are on the other side, for lists of files that are to be there. */
import { TextSet } from '../../structures/hash-table.ts';
import type { ListedFile } from '../hashed-file.ts';
import type { RemoteFolder } from './remote-folder.ts';

export class LoosePaths {
  readonly #remote: RemoteFolder;
  /** Sizes and paths, some 32 bytes a file. */
  #there: Promise<TextSet> | undefined;

  constructor(remote: RemoteFolder) {
    this.#remote = remote;
  }

  /** Whether it was there with its size at the first question; believed where the tool does not tell. */
  async has({ path, bytes }: Pick<ListedFile, 'path' | 'bytes'>): Promise<boolean> {
    if (this.#remote.tool.tree?.list === undefined) return true;
    this.#there ??= this.#look();
    return (await this.#there).has(`${bytes} ${path}`);
  }

  async #look(): Promise<TextSet> {
    const set = new TextSet();
    for await (const { path, bytes } of this.#remote.tree()) set.add(`${bytes} ${path}`);
    return set;
  }
}
