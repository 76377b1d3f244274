/** Opening a job wherever it lies, in a folder or in a store: same job or none, and one writer at a time. */
import { randomUUID } from 'node:crypto';
import { systemClock } from '../clock.ts';
import { destinationError } from '../destination/destination.ts';
import type { FolderLayout } from '../destination/folder-layout.ts';
import { digestFile } from '../destination/hashed-file.ts';
import { FlowDcError } from '../errors.ts';
import { type DistributedMark, distributedError } from './distributed-mark.ts';
import { differencesBetween, type JobIdentity, settingsBetween, withContents } from './identity.ts';
import type { JobFile, JobSettings } from './job-file.ts';

export interface OpenJobOptions {
  /** Delete what the output's job recorded and begin anew. What no record names stays. */
  readonly overwrite?: boolean | undefined;
  /** What a resume without other arguments needs: configuration keys, absolute input paths, no secrets. */
  readonly settings?: JobSettings | undefined;
  /**
   * What to do about an output that workers of a job on a server write to: refuse it (default), open it because the
   * caller is that job's submitter, or take it over because that job is known to be over. Never opened for `overwrite`.
   */
  readonly distributed?: 'refuse' | 'open' | 'take-over' | undefined;
  /**
   * Compare the rows of an input that is another file now with those that are settled: where they are the same, the job
   * goes on, by rows. Without it another file is another job. @returns what differs, in words
   */
  readonly compareRows?: ((before: JobFile) => Promise<string | undefined>) | undefined;
  /** sha256 of all of an input, by its name, lower-case hex; by default of the file that is called so. */
  readonly contentOf?: ((input: string) => Promise<string>) | undefined;
}

/** A job that this process alone may write to, until it is closed. */
export interface HeldJob extends JobFile, AsyncDisposable {
  /** The output: a folder, absolute, or a URL. */
  readonly out: string;
  /** False for a job that was made by this call. */
  readonly resumed: boolean;
  /** Units of a dataset that was finished are done again, as somebody asked for. */
  readonly takenBack: boolean;
  /** Things to tell the user, one line each. */
  readonly notices: readonly string[];
  /** Give the lock back. Idempotent. */
  close(): Promise<void>;
}

/** What opening a job asks of the place where it lies. */
export interface JobHome {
  readonly out: string;
  readonly layout: FolderLayout;
  /** Errors: FDC_ERR_JOB_LOCKED, FDC_ERR_DEST_UNWRITABLE. */
  lock(): Promise<{ release(): Promise<void> }>;
  readJob(): Promise<JobFile | undefined>;
  writeJob(job: JobFile): Promise<void>;
  readMark(): Promise<DistributedMark | undefined>;
  removeMark(): Promise<void>;
  /** A deletion was begun, and not finished. */
  isBeingCleared(): Promise<boolean>;
  /**
   * Delete what the job recorded, and its state but for job.json and the lock. May be cut short: `isBeingCleared` says
   * so until `endClearing`, so that it goes on at the next opening, whatever the options are then.
   */
  clear(): Promise<void>;
  endClearing(): Promise<void>;
  /** Errors: FDC_ERR_DEST_FOREIGN when the files that the records tell of are lost as a whole. */
  refuseLost(): Promise<void>;
  /** Records that were cut short. */
  sweepRecords(): Promise<void>;
  /** Units that `repair` marked, samples that a removal did. @returns what to tell the user, a line each */
  takeBackMarked(): Promise<readonly string[]>;
  /** What stayed after a job's files were deleted, as lines for the user. */
  leftOver(): Promise<readonly string[]>;
  /** All of the state, the lock with it. */
  removeState(): Promise<void>;
}

/**
 * Make or reopen the job at `wanted`. A job of the other layout has its state elsewhere, so it is cleared first, under
 * its own lock.
 * @param found - where there is a job, at `wanted` or of the other layout
 * Errors: see openJob.
 */
export async function openAt(
  wanted: JobHome,
  found: JobHome | undefined,
  identity: JobIdentity,
  options: OpenJobOptions,
): Promise<HeldJob> {
  if (found === undefined || found.layout === wanted.layout) return openIn(wanted, identity, options);
  const lock = await found.lock();
  try {
    await settleMark(found, options);
    const before = await found.readJob();
    if (options.overwrite !== true && !(await found.isBeingCleared()))
      throw mismatch(found.out, before === undefined ? '' : differencesBetween(before.identity, identity));
    await found.clear();
    const job = await openIn(wanted, identity, options);
    await found.removeState();
    return { ...job, notices: await wanted.leftOver() };
  } catch (error) {
    throw destinationError(error, found.out);
  } finally {
    await lock.release();
  }
}

async function openIn(home: JobHome, identity: JobIdentity, options: OpenJobOptions): Promise<HeldJob> {
  const { out } = home;
  const lock = await home.lock();
  try {
    await settleMark(home, options);
    const before = await home.readJob();
    const replaces = before !== undefined && (options.overwrite === true || (await home.isBeingCleared()));
    if (replaces) await home.clear();
    const isOther = !replaces && before !== undefined && (await isOtherInput(home, before, identity, options));
    await home.sweepRecords();
    const kept = replaces ? undefined : before;
    // Where a server decides units, taking records back here would not undo them.
    const taken = options.distributed === 'open' ? [] : await home.takeBackMarked();
    const job = await saveJob(home, kept, identity, { settings: options.settings, isOther });
    if (replaces) await home.endClearing();
    const notices = [...clearedNotices(replaces, options), ...(replaces ? await home.leftOver() : []), ...taken];
    const close = (): Promise<void> => lock.release();
    const takenBack = taken.length > 0;
    return { ...job, out, resumed: kept !== undefined, takenBack, notices, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await lock.release();
    throw destinationError(error, out);
  }
}

function clearedNotices(replaces: boolean, { overwrite }: OpenJobOptions): string[] {
  if (!replaces || overwrite === true) return [];
  return ['an --overwrite was cut short here: what was recorded is deleted now, and the job begins anew'];
}

async function settleMark(home: JobHome, { distributed = 'refuse', overwrite }: OpenJobOptions): Promise<void> {
  const mark = await home.readMark();
  if (mark === undefined) return;
  if (distributed === 'take-over') return home.removeMark();
  if (distributed === 'refuse' || overwrite === true) throw distributedError(home.out, mark);
}

async function saveJob(
  home: JobHome,
  before: JobFile | undefined,
  identity: JobIdentity,
  { settings, isOther }: { readonly settings: JobSettings | undefined; readonly isOther: boolean },
): Promise<JobFile> {
  const job: JobFile = {
    id: before?.id ?? randomUUID(),
    createdAtMs: before?.createdAtMs ?? systemClock.wallMs(),
    identity: before === undefined || isOther ? identity : withContents(identity, before.identity),
    settings: settings ?? before?.settings ?? {},
    ...((isOther || before?.byRows) && { byRows: true }),
    ...(before?.sealed && { sealed: before.sealed }),
  };
  if (before === undefined || JSON.stringify(before) !== JSON.stringify(job)) await home.writeJob(job);
  return job;
}

/** @returns whether the input is another file than before, with the same rows as far as they are settled */
async function isOtherInput(
  home: JobHome,
  before: JobFile,
  now: JobIdentity,
  { contentOf, compareRows }: OpenJobOptions,
): Promise<boolean> {
  const input = await changedInput(home.out, before, now, contentOf);
  await home.refuseLost();
  if (input === undefined) return false;
  if (compareRows === undefined) throw mismatch(home.out, input);
  requireRows(home.out, input, await compareRows(before));
  return true;
}

/**
 * Looks only. @returns how the input is another file than before, in words
 * Errors: FDC_ERR_JOB_MISMATCH for other settings; those of `contentOf`.
 */
export async function changedInput(
  out: string,
  before: JobFile,
  now: JobIdentity,
  contentOf: OpenJobOptions['contentOf'],
): Promise<string | undefined> {
  const settings = settingsBetween(before.identity, now);
  if (settings !== '') throw mismatch(out, differencesBetween(before.identity, now));
  return differencesBetween(before.identity, now) || changedContent(before, now, contentOf);
}

/** @param rows - how those that are settled are others there. Errors: FDC_ERR_JOB_MISMATCH where they are. */
export function requireRows(out: string, input: string, rows: string | undefined): void {
  if (rows !== undefined) throw mismatch(out, `${input}; ${rows}`, ADD_ROWS);
}

/** Size and first MiB are the same; a run that has read all of a file knows more. */
async function changedContent(
  { identity }: JobFile,
  now: JobIdentity,
  contentOf: (input: string) => Promise<string> = async (path) => (await digestFile(path)).sha256,
): Promise<string | undefined> {
  for (const [at, { name }] of now.inputs.entries()) {
    const before = identity.inputs[at]?.sha256;
    if (before === undefined) continue;
    const sha256 = await contentOf(name);
    if (sha256 !== before) return `input ${name} had sha256 ${before.slice(0, 12)}…, now has ${sha256.slice(0, 12)}…`;
  }
  return undefined;
}

const OTHERWISE = '; use the same settings, choose another output with -o, or replace it with --overwrite';
const ADD_ROWS =
  '; add what it has more with --extend, give the first manifest again, choose another output with -o, or replace it ' +
  'with --overwrite';

function mismatch(out: string, differences: string, advice = OTHERWISE): FlowDcError {
  return new FlowDcError('FDC_ERR_JOB_MISMATCH', `${out} belongs to a job with other settings: ${differences}`, {
    advice,
  });
}
