/** Opening an output folder for a job: ours or empty, same job or none, and one writer at a time. */
import { randomUUID } from 'node:crypto';
import { access, constants, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { systemClock } from '../clock.ts';
import { destinationError } from '../destination/destination.ts';
import { makeFolder, writeAtomically } from '../destination/disk.ts';
import { type FolderPaths, folderPaths } from '../destination/folder-layout.ts';
import { digestFile } from '../destination/hashed-file.ts';
import { FlowDcError } from '../errors.ts';
import { distributedError, readMark, removeMark } from './distributed-mark.ts';
import { clearOutput, leftOver, namesIn, refuseFile, refuseForeign } from './folder-claim.ts';
import { differencesBetween, type JobIdentity, withContents } from './identity.ts';
import { type FoundJob, findJob, type JobFile, type JobSettings, readJobFile, writeJobFile } from './job-file.ts';
import { RECORDS_FOLDER, sweepTemporaryRecords } from './local-committer.ts';
import { acquireLock, type JobLock } from './lock.ts';
import { adviceForLostSibling } from './lost-sibling.ts';
import { takeBackMarked } from './repair-mark.ts';

export interface OpenJobOptions {
  /** Delete what the folder's job recorded and begin anew. Files that no record names stay. */
  readonly overwrite?: boolean | undefined;
  /** What a resume without other arguments needs: configuration keys, absolute input paths, no secrets. */
  readonly settings?: JobSettings | undefined;
  /**
   * What to do about a folder that workers of a job on a server write to: refuse it (default), open it because the
   * caller is that job's submitter, or take it over because that job is known to be over. Never opened for `overwrite`.
   */
  readonly distributed?: 'refuse' | 'open' | 'take-over' | undefined;
}

/** A job as its folder tells it. */
export interface Job extends JobFile {
  /** The output folder, absolute. */
  readonly out: string;
  /** Where everything of it lies. */
  readonly paths: FolderPaths;
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
  const wanted = folderPaths(folder, identity.createTar ? 'shards' : 'files');
  await refuseFile(folder);
  const found = await findJob(folder);
  if (found === undefined) await refuseForeign(folder);
  if (found === undefined || found.paths.layout === wanted.layout) return openIn(wanted, identity, options);
  return replaceLayout(found, wanted, identity, options);
}

/** The job that lies in `out`, not locked. Errors: FDC_ERR_JOB_MISSING when there is none. */
export async function readJob(out: string): Promise<Job> {
  const folder = resolve(out);
  const found = await findJob(folder);
  if (found === undefined) {
    const advice = await adviceForLostSibling(folder);
    throw new FlowDcError(
      'FDC_ERR_JOB_MISSING',
      `${folder} holds no flow-dc job; ` +
        (advice ?? 'name the folder that was given to -o, or start one with download'),
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

/** The state of the other layout lies elsewhere, so that job is cleared first, under its own lock. */
async function replaceLayout(
  { paths, job: before }: FoundJob,
  wanted: FolderPaths,
  identity: JobIdentity,
  options: OpenJobOptions,
): Promise<OpenJob> {
  const out = paths.output;
  const lock = await prepare(paths);
  try {
    await settleMark(paths, options);
    const isMarked = await exists(paths.overwriteFile);
    if (options.overwrite !== true && !isMarked) throw mismatch(out, differencesBetween(before.identity, identity));
    await clearMarked(paths);
    const job = await openIn(wanted, identity, options);
    await rm(paths.state, { recursive: true, force: true });
    return { ...job, notices: await leftOver(out) };
  } catch (error) {
    throw destinationError(error, out);
  } finally {
    await lock.release();
  }
}

async function openIn(paths: FolderPaths, identity: JobIdentity, options: OpenJobOptions): Promise<OpenJob> {
  const out = paths.output;
  const lock = await prepare(paths);
  try {
    await settleMark(paths, options);
    const before = await readJobFile(paths);
    const isMarked = await exists(paths.overwriteFile);
    const replaces = before !== undefined && (options.overwrite === true || isMarked);
    if (replaces) await clearMarked(paths);
    else if (before !== undefined) await refuseOther(paths, before, identity);
    await sweepTemporaryRecords(paths.state);
    const kept = replaces ? undefined : before;
    // Where a server decides units, taking records back here would not undo them.
    const taken = options.distributed === 'open' ? [] : await takeBackMarked(paths);
    const job = await saveJob(paths, kept, identity, options.settings);
    if (replaces) await rm(paths.overwriteFile, { force: true });
    const notices = [...(replaces ? await leftOver(out) : []), ...taken];
    const close = (): Promise<void> => lock.release();
    return { ...job, out, paths, resumed: kept !== undefined, notices, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await lock.release();
    throw destinationError(error, out);
  }
}

async function prepare({ output, state, lockFile }: FolderPaths): Promise<JobLock> {
  try {
    await makeFolder(output);
    await makeFolder(state);
    await access(output, constants.W_OK | constants.X_OK);
    return await acquireLock(lockFile);
  } catch (error) {
    throw destinationError(error, output, 'FDC_ERR_DEST_UNWRITABLE');
  }
}

async function settleMark(paths: FolderPaths, { distributed = 'refuse', overwrite }: OpenJobOptions): Promise<void> {
  const mark = await readMark(paths);
  if (mark === undefined) return;
  if (distributed === 'take-over') return removeMark(paths);
  if (distributed === 'refuse' || overwrite === true) throw distributedError(paths.output, mark);
}

async function saveJob(
  paths: FolderPaths,
  before: JobFile | undefined,
  identity: JobIdentity,
  settings: JobSettings | undefined,
): Promise<JobFile> {
  const job: JobFile = {
    id: before?.id ?? randomUUID(),
    createdAtMs: before?.createdAtMs ?? systemClock.wallMs(),
    identity: before === undefined ? identity : withContents(identity, before.identity),
    settings: settings ?? before?.settings ?? {},
    ...(before?.sealed && { sealed: before.sealed }),
  };
  if (before === undefined || JSON.stringify(before) !== JSON.stringify(job)) await writeJobFile(paths, job);
  return job;
}

/** The mark makes an interrupted deletion go on at the next opening, whatever the options are then. */
async function clearMarked(paths: FolderPaths): Promise<void> {
  await writeAtomically(paths.overwriteFile, '');
  await clearOutput(paths);
}

async function refuseOther(paths: FolderPaths, before: JobFile, now: JobIdentity): Promise<void> {
  const { output, state, staging, layout } = paths;
  const differences = differencesBetween(before.identity, now);
  if (differences !== '') throw mismatch(output, differences);
  await refuseChanged(output, before, now);
  const hasRecords = (await namesIn(join(state, RECORDS_FOLDER))).some((name) => /^\d{3}$/.test(name));
  // A run that was killed between its first commit and the move of its files has them in staging.
  const isStaged = (await namesIn(staging)).length > 0;
  if (hasRecords && !isStaged && layout === 'files' && (await namesIn(output)).length === 0) {
    throw new FlowDcError(
      'FDC_ERR_DEST_FOREIGN',
      `${output} is empty, but ${state} says that its files were stored; bring them back, or use ` +
        '--overwrite to begin anew',
    );
  }
}

/** Size and first MiB are the same; a run that has read all of a file knows more. */
async function refuseChanged(out: string, { identity }: JobFile, now: JobIdentity): Promise<void> {
  for (const [at, { name }] of now.inputs.entries()) {
    const before = identity.inputs[at]?.sha256;
    if (before === undefined) continue;
    const { sha256 } = await digestFile(name);
    if (sha256 !== before)
      throw mismatch(out, `input ${name} had sha256 ${before.slice(0, 12)}…, now has ${sha256.slice(0, 12)}…`);
  }
}

function mismatch(out: string, differences: string): FlowDcError {
  return new FlowDcError('FDC_ERR_JOB_MISMATCH', `${out} belongs to a job with other settings: ${differences}`, {
    advice: '; use the same settings, choose another output with -o, or replace it with --overwrite',
  });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
