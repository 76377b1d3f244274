/** Where samples are taken out: what a removal asks of a folder or of an object store. */
import { mkdir, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemClock } from '../clock.ts';
import type { DatasetFiles } from '../dataset/files/dataset-files.ts';
import { FolderFiles } from '../dataset/files/folder-files.ts';
import { destinationError, errnoOf } from '../destination/destination.ts';
import { syncFolder, writeAtomically } from '../destination/disk.ts';
import { type FolderPaths, stagingFolder } from '../destination/folder-layout.ts';
import { moveFiles, rollForwardFolder } from '../destination/folder-staging.ts';
import { HashedFile } from '../destination/hashed-file.ts';
import { DiskTempo } from '../destination/loose-files.ts';
import type { Artifact, Committer, UnitId, UnitRecord } from '../record.ts';
import { createLocalCommitter, recordFile } from './local-committer.ts';
import { REMOVAL_FILE } from './removal-mark.ts';
import { folderState, type StateFiles } from './state-files.ts';

/** A unit's files on their way: nobody sees them before they are rolled forward. */
export interface RemovalStage {
  put(name: string, chunks: AsyncIterable<Uint8Array>): Promise<Artifact>;
  /** From here on they last. */
  sync(): Promise<void>;
}

/** Only under the job's lock. Errors of every method: those of the disk, or of the store. */
export interface RemovalPlace {
  readonly files: DatasetFiles;
  readonly state: StateFiles;
  readonly decided: Pick<Committer, 'record'>;
  /** Where units that are half done are put aside, if they are. */
  readonly kept: string | undefined;
  /** What an earlier try has staged under the same token goes. */
  stage(unit: UnitId, token: string): Promise<RemovalStage>;
  /** By their paths in the dataset. What is not there is passed over. */
  dropLoose(paths: ReadonlySet<string>): Promise<void>;
  /** In one step. */
  replace(record: UnitRecord): Promise<void>;
  /** Idempotent. */
  rollForward(record: UnitRecord): Promise<void>;
  /** All is done. */
  removeMark(): Promise<void>;
  /** For those who wait: what a file system says, as an error of ours. */
  error(cause: unknown): Error;
}

/** Of a dataset in a folder. */
export function folderRemoval(paths: FolderPaths): RemovalPlace {
  return {
    files: new FolderFiles(paths),
    state: folderState(paths),
    decided: createLocalCommitter(paths.state),
    kept: paths.kept,
    stage: (unit, token) => stageIn(stagingFolder(paths, unit, token)),
    dropLoose: (gone) => dropFiles(paths.output, gone),
    replace: (record) => writeAtomically(recordFile(paths.state, record.unit), `${JSON.stringify(record)}\n`),
    rollForward: (record) =>
      rollForwardFolder(paths, record, systemClock, (staged, list) =>
        moveFiles(paths, staged, list, systemClock, new DiskTempo()),
      ),
    async removeMark() {
      await rm(join(paths.state, REMOVAL_FILE), { force: true });
      await syncFolder(paths.state);
    },
    error: (cause) => destinationError(cause, paths.output),
  };
}

async function stageIn(folder: string): Promise<RemovalStage> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return {
    async put(name, chunks) {
      const file = await HashedFile.create(join(folder, basename(name)));
      try {
        for await (const chunk of chunks) await file.write([chunk]);
      } catch (error) {
        await file.abandon();
        throw error;
      }
      return { name, ...(await file.close(true)) };
    },
    async sync() {
      await syncFolder(folder);
      await syncFolder(dirname(folder));
    },
  };
}

async function dropFiles(output: string, gone: ReadonlySet<string>): Promise<void> {
  const folders = new Set<string>();
  for (const path of gone) {
    await rm(join(output, path), { force: true }).catch(ignoreMissing);
    folders.add(dirname(join(output, path)));
  }
  for (const folder of folders) {
    await syncFolder(folder).catch(ignoreMissing);
    // A class without files is none.
    if (folder !== output) await rmdir(folder).catch(ignoreMissing);
  }
  await syncFolder(output);
}

function ignoreMissing(error: unknown): void {
  const errno = errnoOf(error) ?? '';
  if (!['ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST'].includes(errno)) throw error;
}
