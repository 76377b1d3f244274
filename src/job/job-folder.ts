/** Opening an output folder for a job: ours or empty, same job or none, and one writer at a time. */
import { access, constants, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { destinationError } from '../destination/destination.ts';
import { makeFolder, writeAtomically } from '../destination/disk.ts';
import { type FolderLayout, type FolderPaths, folderPaths } from '../destination/folder-layout.ts';
import { FlowDcError } from '../errors.ts';
import { type DistributedMark, readMark, removeMark } from './distributed-mark.ts';
import { clearOutput, leftOver, namesIn, refuseFile, refuseForeign } from './folder-claim.ts';
import type { JobIdentity } from './identity.ts';
import { findJob, type JobFile, readJobFile, writeJobFile } from './job-file.ts';
import { RECORDS_FOLDER, sweepTemporaryRecords } from './local-committer.ts';
import { acquireLock, type JobLock } from './lock.ts';
import { adviceForLostSibling } from './lost-sibling.ts';
import { type HeldJob, type JobHome, type OpenJobOptions, openAt } from './open-job.ts';
import { removedNotices } from './removal-mark.ts';
import { folderRemoval } from './removal-place.ts';
import { finishRemoval } from './remove-samples.ts';
import { takeBackMarked } from './repair-mark.ts';

/** A job as its folder tells it. */
export interface Job extends JobFile {
  /** The output folder, absolute. */
  readonly out: string;
  /** Where everything of it lies. */
  readonly paths: FolderPaths;
}

/** A job that this process alone may write to, until it is closed. */
export interface OpenJob extends Job, HeldJob {}

/**
 * Make or reopen a job in `out` and lock it.
 * Errors: FDC_ERR_DEST_UNWRITABLE, FDC_ERR_DEST_FULL; FDC_ERR_DEST_FOREIGN for a folder with files but no job,
 * FDC_ERR_JOB_MISMATCH for one of a job with another identity, FDC_ERR_JOB_LOCKED,
 * FDC_ERR_JOB_DISTRIBUTED, FDC_ERR_DEST_IO for a damaged state.
 */
export async function openJob(out: string, identity: JobIdentity, options: OpenJobOptions = {}): Promise<OpenJob> {
  const folder = resolve(out);
  const paths = folderPaths(folder, identity.createTar ? 'shards' : 'files');
  await refuseFile(folder);
  const found = await findJob(folder);
  if (found === undefined) await refuseForeign(folder);
  const isUploaded = identity.cloudDestination !== undefined;
  const home = found === undefined ? undefined : new FolderHome(found.paths, isUploaded);
  return { ...(await openAt(new FolderHome(paths, isUploaded), home, identity, options)), paths };
}

/** Why there is no job: a path that is misspelt is told from a folder of something else. */
async function missingWords(folder: string): Promise<string> {
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined) return `${folder} does not exist`;
  return found.isDirectory()
    ? `${folder} holds no flow-dc job`
    : `${folder} is a file, expected the folder of a dataset`;
}

/** The job that lies in `out`, not locked. Errors: FDC_ERR_JOB_MISSING when there is none. */
export async function readJob(out: string): Promise<Job> {
  const folder = resolve(out);
  const found = await findJob(folder);
  if (found === undefined) {
    const what = await missingWords(folder);
    const advice = await adviceForLostSibling(folder);
    throw new FlowDcError(
      'FDC_ERR_JOB_MISSING',
      `${what}; ${advice ?? 'name the folder that was given to -o, or start one with download'}`,
    );
  }
  return { ...found.job, out: folder, paths: found.paths };
}

/**
 * For a worker elsewhere that was told to write into `out`: make sure that it sees the job's own folder, not one of
 * the same name on another disk. Errors: FDC_ERR_JOB_MISSING, FDC_ERR_JOB_MISMATCH.
 */
export async function assertJobFolder(out: string, id: string): Promise<Job> {
  const job = await readJob(out);
  if (job.id === id) return job;
  throw new FlowDcError(
    'FDC_ERR_JOB_MISMATCH',
    `${job.out} belongs to job ${job.id}, expected job ${id}; mount the job's own output here`,
  );
}

/** A job in a folder on a local disk. */
class FolderHome implements JobHome {
  readonly layout: FolderLayout;
  readonly out: string;
  readonly #paths: FolderPaths;
  /** A program takes loose files away. */
  readonly #isUploaded: boolean;

  constructor(paths: FolderPaths, isUploaded: boolean) {
    this.#paths = paths;
    this.#isUploaded = isUploaded;
    this.layout = paths.layout;
    this.out = paths.output;
  }

  async lock(): Promise<JobLock> {
    const { output, state, lockFile } = this.#paths;
    try {
      await makeFolder(output);
      await makeFolder(state);
      await access(output, constants.W_OK | constants.X_OK);
      return await acquireLock(lockFile);
    } catch (error) {
      throw destinationError(error, output, 'FDC_ERR_DEST_UNWRITABLE');
    }
  }

  readJob(): Promise<JobFile | undefined> {
    return readJobFile(this.#paths);
  }

  writeJob(job: JobFile): Promise<void> {
    return writeJobFile(this.#paths, job);
  }

  readMark(): Promise<DistributedMark | undefined> {
    return readMark(this.#paths);
  }

  removeMark(): Promise<void> {
    return removeMark(this.#paths);
  }

  async isBeingCleared(): Promise<boolean> {
    return (await stat(this.#paths.overwriteFile).catch(() => undefined)) !== undefined;
  }

  async clear(): Promise<void> {
    await writeAtomically(this.#paths.overwriteFile, '');
    await clearOutput(this.#paths);
  }

  async endClearing(): Promise<void> {
    await rm(this.#paths.overwriteFile, { force: true });
  }

  async refuseLost(): Promise<void> {
    const { output, state, staging } = this.#paths;
    const hasRecords = await hasCommitted(state);
    // A run that was killed between its first commit and the move of its files has them in staging.
    const isStaged = (await namesIn(staging)).length > 0;
    if (this.#isUploaded || !hasRecords || isStaged || this.layout !== 'files' || (await namesIn(output)).length > 0)
      return;
    throw new FlowDcError(
      'FDC_ERR_DEST_FOREIGN',
      `${output} is empty, but ${state} says that its files were stored; bring them back, or use ` +
        '--overwrite to begin anew',
    );
  }

  sweepRecords(): Promise<void> {
    return sweepTemporaryRecords(this.#paths.state);
  }

  async takeBackMarked(): Promise<string[]> {
    const taken = await takeBackMarked(this.#paths);
    const removed = await finishRemoval(folderRemoval(this.#paths));
    return [...taken, ...removedNotices(removed)];
  }

  leftOver(): Promise<string[]> {
    return leftOver(this.out);
  }

  async removeState(): Promise<void> {
    await rm(this.#paths.state, { recursive: true, force: true });
  }
}

/** Whether a unit was ever committed here, also when its record was taken back since. */
export async function hasCommitted(state: string): Promise<boolean> {
  return (await namesIn(join(state, RECORDS_FOLDER))).some((name) => /^\d{3}$/.test(name));
}
