/** Files that a job keeps of itself, whole or not at all, wherever it lies: what second runs write down beforehand. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CHECKSUMS_FILE } from '../dataset/seal/checksums.ts';
import { SUCCESS_FILE } from '../dataset/seal/seal-dataset.ts';
import { destinationError, errnoOf } from '../destination/destination.ts';
import { syncFolder, writeAtomically } from '../destination/disk.ts';
import { type FolderPaths, finalPath } from '../destination/folder-layout.ts';

/** Errors: FDC_ERR_DEST_FULL, FDC_ERR_DEST_IO. */
export interface StateFiles {
  /** For messages. */
  nameOf(file: string): string;
  /** Undefined where there is none. */
  read(file: string): Promise<Buffer | undefined>;
  /** Only under the job's lock. */
  write(file: string, content: string | Uint8Array): Promise<void>;
  /** From here on the dataset is unfinished: whoever opens it next goes on with it. Only under the job's lock. */
  unseal(): Promise<void>;
}

/** What a finished dataset has and an unfinished one has not. */
export const SEALS: readonly string[] = [SUCCESS_FILE, CHECKSUMS_FILE];

/** Of a job in a folder. */
export function folderState(paths: FolderPaths): StateFiles {
  const pathOf = (file: string): string => join(paths.state, file);
  return {
    nameOf: pathOf,
    async read(file) {
      try {
        return await readFile(pathOf(file));
      } catch (error) {
        // Where a file lies in place of the folder there is no job either; that is said when one is opened.
        if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
        throw destinationError(error, pathOf(file));
      }
    },
    async write(file, content) {
      try {
        await writeAtomically(pathOf(file), content);
      } catch (error) {
        throw destinationError(error, pathOf(file));
      }
    },
    async unseal() {
      try {
        for (const name of SEALS) await rm(finalPath(paths, name), { force: true });
        await syncFolder(paths.layout === 'shards' ? paths.output : paths.state);
      } catch (error) {
        throw destinationError(error, paths.output);
      }
    },
  };
}
