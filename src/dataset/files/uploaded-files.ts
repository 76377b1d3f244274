/**
 * The files of a dataset that a program uploaded. Shards are read back by it; loose files are looked for in one listing,
 * by their sizes; the rest is in the folder.
 */
import type { FolderPaths } from '../../destination/folder-layout.ts';
import type { ListedFile } from '../../destination/hashed-file.ts';
import { isMarker } from '../../destination/tool/job-marker.ts';
import { LoosePaths } from '../../destination/tool/loose-paths.ts';
import type { RemoteFolder } from '../../destination/tool/remote-folder.ts';
import { SHARD } from '../../destination/tool/staged-name.ts';
import type { DatasetFile } from './dataset-files.ts';
import { FolderFiles } from './folder-files.ts';

export class UploadedFiles extends FolderFiles {
  readonly #remote: RemoteFolder;
  readonly #loose: LoosePaths;

  constructor(paths: FolderPaths, remote: RemoteFolder) {
    super(paths);
    this.#remote = remote;
    this.#loose = new LoosePaths(remote);
  }

  /** As messages name it. */
  get upload(): string {
    return this.#remote.said;
  }

  override final(name: string): DatasetFile {
    return SHARD.test(name) ? this.#uploaded(name) : super.final(name);
  }

  override sample(path: string): DatasetFile {
    return this.#uploaded(path);
  }

  /** Believed where the tool does not tell. */
  hasSample(file: ListedFile): Promise<boolean> {
    return this.#loose.has(file);
  }

  override async *samples(isKnown: (path: string) => boolean): AsyncGenerator<string> {
    for await (const { path } of this.#remote.tree()) if (!isKnown(path) && !isMarker(path)) yield path;
  }

  #uploaded(name: string): DatasetFile {
    const remote = this.#remote;
    return {
      path: `${remote.tool.root}: ${name}`,
      look: async () => {
        const found = await remote.look(name);
        return found && { isFolder: false, bytes: found.bytes };
      },
      read: async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of remote.read(name)) chunks.push(chunk);
        return Buffer.concat(chunks);
      },
      open: () => remote.read(name),
    };
  }
}
