/** The files of a dataset whose shards a program uploaded: those are read back by it, the rest is in the folder. */
import type { FolderPaths } from '../../destination/folder-layout.ts';
import type { RemoteFolder } from '../../destination/tool/remote-folder.ts';
import { SHARD } from '../../destination/tool/staged-name.ts';
import type { DatasetFile } from './dataset-files.ts';
import { FolderFiles } from './folder-files.ts';

export class UploadedFiles extends FolderFiles {
  readonly #remote: RemoteFolder;

  constructor(paths: FolderPaths, remote: RemoteFolder) {
    super(paths);
    this.#remote = remote;
  }

  /** As messages name it. */
  get upload(): string {
    return this.#remote.said;
  }

  override final(name: string): DatasetFile {
    return SHARD.test(name) ? this.#uploaded(name) : super.final(name);
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
