/** None: counts and hashes, keeps nothing. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Artifact } from '../record.ts';
import { type Destination, destinationError, type StagedFile, type StagedFolder, type Staging } from './destination.ts';

export interface NoneDestinationOptions {
  /** Folder on a local disk for bodies that do not stay in memory. */
  readonly spillFolder: string;
}

/**
 * Counts and hashes what it is given and keeps nothing: the whole chain without the disk, for benchmarks.
 * Nothing can be read back, so a run into it cannot be resumed or verified.
 */
export class NoneDestination implements Destination {
  readonly name = 'none:';
  readonly spillFolder: string;
  readonly poisonFolder: string;
  /** Bytes of all artifacts so far, with container overhead. */
  bytes = 0;

  constructor(options: NoneDestinationOptions) {
    this.spillFolder = options.spillFolder;
    this.poisonFolder = join(options.spillFolder, '..', 'poison');
  }

  async stage(): Promise<Staging> {
    return {
      createFile: async (name) => this.#file(name),
      createFolder: async (name) => this.#folder(name),
      sync: async () => {},
      discard: async () => {},
    };
  }

  async rollForward(): Promise<void> {}

  async sweep(): Promise<void> {}

  /** A stream is not even begun: what it would read back was not kept either. */
  async putFile(): Promise<void> {}

  async readFile(name: string): Promise<Uint8Array> {
    throw destinationError(new Error(`nothing was kept of ${name}`), this.name);
  }

  #file(name: string): StagedFile {
    const hash = createHash('sha256');
    let bytes = 0;
    return {
      write: async (chunks) => {
        for (const chunk of chunks) {
          hash.update(chunk);
          bytes += chunk.byteLength;
          this.bytes += chunk.byteLength;
        }
      },
      close: async () => ({ name, bytes, sha256: hash.digest('hex') }),
    };
  }

  #folder(name: string): StagedFolder {
    const list = this.#file(name);
    const note = (artifact: Artifact): Promise<void> => list.write([Buffer.from(`${JSON.stringify(artifact)}\n`)]);
    return {
      add: (path, pieces, sha256) => {
        let bytes = 0;
        for (const piece of pieces) bytes += piece.byteLength;
        this.bytes += bytes;
        return note({ name: path, bytes, sha256 });
      },
      addStream: async (path, pieces) => {
        const file = this.#file(path);
        for await (const piece of pieces) await file.write([piece]);
        await note(await file.close());
      },
      close: () => list.close(),
    };
  }
}
