/** Opening an output folder for a job: ours or empty, same job or none, and one writer at a time. */
import { randomUUID } from 'node:crypto';
import { access, constants, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { systemClock } from '../clock.ts';
import { makeFolder } from '../destination/create-exclusively.ts';
import { destinationError } from '../destination/destination-error.ts';
import { writeAtomically } from '../destination/durable.ts';
import type { FolderLayout } from '../destination/folder-layout.ts';
import { FlowDcError } from '../errors.ts';
import { clearOutput } from './clear-output.ts';
import { distributedError, readMark, removeMark } from './distributed-mark.ts';
import { leftOver, namesIn, refuseFile, refuseForeign } from './folder-claim.ts';
import { compareIdentity, describeDifferences, type JobIdentity } from './identity.ts';
import { type FoundJob, findJob, type JobFile, type JobSettings, readJobFile, writeJobFile } from './job-file.ts';
import { sweepTemporaryRecords } from './local-committer.ts';
import { acquireLock, type JobLock } from './lock.ts';
import { stateFolderOf, statePaths } from './state-folder.ts';

export interface OpenJobOptions {
  /** Delete what the folder's job recorded and begin anew. Files that no record names stay. */
  readonly overwrite?: boolean;
  /** What a resume without other arguments needs: configuration keys, absolute input paths, no secrets. */
  readonly settings?: JobSettings;
  /**
   * What to do about a folder that workers of a job on a server write to: refuse it (default), open it because the
   * caller is that job's submitter, or take it over because that job is known to be over. Never opened for `overwrite`.
   */
  readonly distributed?: 'refuse' | 'open' | 'take-over';
}

/** A job as its folder tells it. */
export interface Job extends JobFile {
  /** The output folder, absolute. */
  readonly out: string;
  readonly layout: FolderLayout;
  readonly stateFolder: string;
}

/** A job that this process alone may write to, until it is closed. */
export interface OpenJob extends Job, AsyncDisposable {
  /** False for a job that was made by this call. */
  readonly resumed: boolean;
  /** Things to tell the user, one line each. */
  readonly notices: readonly string[];
  /** Give the lock back. Idempotent. */
  close(): Promise<void>;
}

/**
 * Make or reopen a job in `out` and lock it.
 * Errors: FDC_ERR_DEST_UNWRITABLE, FDC_ERR_DEST_FULL; FDC_ERR_DEST_FOREIGN for a folder with files but no job,
 * FDC_ERR_JOB_MISMATCH for one of a job with another identity, FDC_ERR_JOB_LOCKED,
 * FDC_ERR_JOB_DISTRIBUTED, FDC_ERR_DEST_IO for a damaged state.
 */
export async function openJob(out: string, identity: JobIdentity, options: OpenJobOptions = {}): Promise<OpenJob> {
  const folder = resolve(out);
  const wanted = layoutOf(identity);
  await refuseFile(folder);
  const found = await findJob(folder);
  if (found === undefined) await refuseForeign(folder);
  if (found === undefined || found.layout === wanted) return openIn(folder, wanted, identity, options);
  return replaceLayout(folder, found, identity, options);
}

/** The job that lies in `out`, not locked. Errors: FDC_ERR_JOB_MISSING when there is none. */
export async function readJob(out: string): Promise<Job> {
  const folder = resolve(out);
  const found = await findJob(folder);
  if (found === undefined) {
    throw new FlowDcError(
      'FDC_ERR_JOB_MISSING',
      `${folder} holds no flow-dc job; name the folder that was given to -o, or start one with download`,
    );
  }
  return { ...found.job, out: folder, layout: found.layout, stateFolder: found.stateFolder };
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

/** The state of the other layout lies elsewhere, so that job is cleared first, under its own lock. */
async function replaceLayout(
  out: string,
  found: FoundJob,
  identity: JobIdentity,
  options: OpenJobOptions,
): Promise<OpenJob> {
  const lock = await prepare(out, found.stateFolder);
  try {
    await settleMark(out, found.stateFolder, options);
    const isMarked = await exists(statePaths(found.stateFolder).overwriteFile);
    if (options.overwrite !== true && !isMarked) throw mismatch(out, found.job.identity, identity);
    await clearMarked(out, found.layout);
    const job = await openIn(out, layoutOf(identity), identity, options);
    await rm(found.stateFolder, { recursive: true, force: true });
    return { ...job, notices: await leftOver(out) };
  } catch (error) {
    throw destinationError(error, out);
  } finally {
    await lock.release();
  }
}

async function openIn(
  out: string,
  layout: FolderLayout,
  identity: JobIdentity,
  options: OpenJobOptions,
): Promise<OpenJob> {
  const stateFolder = stateFolderOf(out, layout);
  const lock = await prepare(out, stateFolder);
  try {
    await settleMark(out, stateFolder, options);
    const before = await readJobFile(stateFolder);
    const isMarked = await exists(statePaths(stateFolder).overwriteFile);
    const replaces = before !== undefined && (options.overwrite === true || isMarked);
    if (replaces) await clearMarked(out, layout);
    else if (before !== undefined) await refuseOther(out, stateFolder, before, identity);
    await sweepTemporaryRecords(stateFolder);
    const kept = replaces ? undefined : before;
    const job = await saveJob(stateFolder, kept, identity, options.settings);
    if (replaces) await rm(statePaths(stateFolder).overwriteFile, { force: true });
    const notices = replaces ? await leftOver(out) : [];
    const close = (): Promise<void> => lock.release();
    return {
      ...job,
      out,
      layout,
      stateFolder,
      resumed: kept !== undefined,
      notices,
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await lock.release();
    throw destinationError(error, out);
  }
}

async function prepare(out: string, stateFolder: string): Promise<JobLock> {
  try {
    await makeFolder(out);
    await makeFolder(stateFolder);
    await access(out, constants.W_OK | constants.X_OK);
    return await acquireLock(statePaths(stateFolder).lockFile);
  } catch (error) {
    throw destinationError(error, out, 'FDC_ERR_DEST_UNWRITABLE');
  }
}

async function settleMark(
  out: string,
  stateFolder: string,
  { distributed = 'refuse', overwrite }: OpenJobOptions,
): Promise<void> {
  const mark = await readMark(stateFolder);
  if (mark === undefined) return;
  if (distributed === 'take-over') return removeMark(stateFolder);
  if (distributed === 'refuse' || overwrite === true) throw distributedError(out, mark);
}

async function saveJob(
  stateFolder: string,
  before: JobFile | undefined,
  identity: JobIdentity,
  settings?: JobSettings,
): Promise<JobFile> {
  const job: JobFile = {
    id: before?.id ?? randomUUID(),
    createdAtMs: before?.createdAtMs ?? systemClock.wallMs(),
    identity,
    settings: settings ?? before?.settings ?? {},
  };
  if (before === undefined || JSON.stringify(before) !== JSON.stringify(job)) await writeJobFile(stateFolder, job);
  return job;
}

/** The mark makes an interrupted deletion go on at the next opening, whatever the options are then. */
async function clearMarked(out: string, layout: FolderLayout): Promise<void> {
  await writeAtomically(statePaths(stateFolderOf(out, layout)).overwriteFile, '');
  await clearOutput(out, layout);
}

async function refuseOther(out: string, stateFolder: string, before: JobFile, identity: JobIdentity): Promise<void> {
  if (compareIdentity(before.identity, identity).length > 0) throw mismatch(out, before.identity, identity);
  const hasRecords = (await namesIn(statePaths(stateFolder).unitsFolder)).some((name) => /^\d{3}$/.test(name));
  if (hasRecords && layoutOf(identity) === 'files' && (await namesIn(out)).length === 0) {
    throw new FlowDcError(
      'FDC_ERR_DEST_FOREIGN',
      `${out} is empty, but ${stateFolder} says that its files were stored; bring them back, or use ` +
        '--overwrite to begin anew',
    );
  }
}

function mismatch(out: string, before: JobIdentity, now: JobIdentity): FlowDcError {
  const differences = describeDifferences(compareIdentity(before, now));
  return new FlowDcError(
    'FDC_ERR_JOB_MISMATCH',
    `${out} belongs to a job with other settings: ${differences}; use the same settings, choose another output ` +
      'with -o, or replace it with --overwrite',
  );
}

function layoutOf(identity: JobIdentity): FolderLayout {
  return identity.createTar ? 'shards' : 'files';
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
