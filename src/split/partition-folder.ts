/** The folder that a manifest's partitions go to: nothing in it changes before all of them are complete. */
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { destinationError, errnoOf } from '../destination/destination.ts';
import { makeFolder, syncFolder, syncPath } from '../destination/disk.ts';
import { FlowDcError } from '../errors.ts';
import { acquireLock, type JobLock } from '../job/lock.ts';

/** A file of an earlier run, of whatever format. */
const PARTITION_FILE = /^partition_\d{3,}\.(parquet|csv)$/;
const STAGING = '.flow-dc-partition';

export interface PartitionFolderOptions {
  readonly files: number;
  readonly extension: 'parquet' | 'csv';
  readonly overwrite: boolean;
}

/** See openPartitionFolder. */
export interface PartitionFolder {
  readonly out: string;
  /** Temporary files, on the output's own file system; goes with `close`. */
  readonly staging: string;
  /** Final name: `partition_001.parquet`, from 1, with more digits only beyond 999 files. */
  nameOf(file: number): string;
  /** Where a file is written. */
  pathOf(file: number): string;
  /** Make these files visible, and those of earlier runs go. Returns their sizes in bytes. */
  publish(files: readonly number[]): Promise<number[]>;
  /** Remove everything that was not published. Idempotent. */
  close(): Promise<void>;
}

/**
 * Take an output folder for one run, creating it if need be; what a killed run has left there is removed.
 * Errors: FDC_ERR_DEST_UNWRITABLE; FDC_ERR_DEST_FOREIGN when it holds partitions and `overwrite` is not set;
 * FDC_ERR_JOB_LOCKED.
 */
export async function openPartitionFolder(output: string, options: PartitionFolderOptions): Promise<PartitionFolder> {
  const out = resolve(output);
  const staging = join(out, STAGING);
  const lock = await claim(out, staging, options.overwrite);
  const digits = Math.max(3, String(options.files).length);
  const nameOf = (file: number): string => `partition_${String(file + 1).padStart(digits, '0')}.${options.extension}`;
  const pathOf = (file: number): string => join(staging, nameOf(file));
  return {
    out,
    staging,
    nameOf,
    pathOf,
    publish: (files) =>
      touching(out, () =>
        publish(
          out,
          files.map((file) => ({ from: pathOf(file), to: join(out, nameOf(file)) })),
        ),
      ),
    close: async () => {
      await rm(staging, { recursive: true, force: true });
      await lock.release();
    },
  };
}

async function claim(out: string, staging: string, overwrite: boolean): Promise<JobLock> {
  try {
    await makeFolder(out);
    const found = (await readdir(out)).filter((name) => PARTITION_FILE.test(name));
    if (found.length > 0 && !overwrite) {
      throw new FlowDcError(
        'FDC_ERR_DEST_FOREIGN',
        `${out} holds ${found.length} partition file${found.length > 1 ? 's' : ''} (${found.sort()[0]}): ` +
          'replace them with --overwrite, or choose another output with -o',
      );
    }
    const lock = await acquireLock(`${staging}.lock`);
    await rm(staging, { recursive: true, force: true });
    await mkdir(staging);
    return lock;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST' || errnoOf(error) === 'ENOTDIR') {
      throw new FlowDcError(
        'FDC_ERR_DEST_UNWRITABLE',
        `${out} is a file, expected a folder; choose another output with -o`,
        {
          cause: error,
        },
      );
    }
    throw destinationError(error, out, 'FDC_ERR_DEST_UNWRITABLE');
  }
}

async function publish(
  out: string,
  files: readonly { readonly from: string; readonly to: string }[],
): Promise<number[]> {
  const bytes: number[] = [];
  for (const { from } of files) {
    await syncPath(from);
    bytes.push((await stat(from)).size);
  }
  const old = (await readdir(out)).filter((name) => PARTITION_FILE.test(name)).map((name) => join(out, name));
  const kept = new Set(files.map(({ to }) => to));
  for (const { from, to } of files) await rename(from, to);
  // Last: a reader of the folder may meet rows twice for a moment, but never misses some.
  for (const path of old) if (!kept.has(path)) await rm(path, { force: true });
  await syncFolder(out);
  return bytes;
}

async function touching<T>(out: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw destinationError(error, out);
  }
}
