/** One writer per output folder. The lock is a file that names its holder. */
import { readFileSync, unlinkSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { sleep, systemClock } from '../clock.ts';
import { errnoOf } from '../destination/destination.ts';
import { createExclusively } from '../destination/disk.ts';
import {
  describeThisProcess,
  type FoundHolder,
  isGone,
  type LockHolder,
  lockedBy,
  parseHolder,
} from './lock-holder.ts';

export interface JobLock {
  readonly holder: LockHolder;
  /** Idempotent. Also done when the process exits without it, unless it is killed. */
  release(): Promise<void>;
}

/** Rounds of 20 ms that a stale lock may take to be cleared by others who found it as well. Chosen, untested. */
const TAKEOVER_ROUNDS = 50;
const TAKEOVER_ROUND_MS = 20;

/**
 * Take the lock, clearing one whose holder is gone (same host, and no such process any more).
 * Errors: FDC_ERR_JOB_LOCKED when it is held, or when that cannot be known because the holder is on another host.
 */
export async function acquireLock(lockFile: string): Promise<JobLock> {
  const holder = describeThisProcess();
  for (let round = 0; round < TAKEOVER_ROUNDS; round++) {
    if (await createExclusively(lockFile, `${JSON.stringify(holder)}\n`)) return holdLock(lockFile, holder);
    const other = await readHolder(lockFile);
    if (other === undefined) continue;
    if (!isGone(other)) throw lockedBy(other, remedyFor(lockFile));
    if (!(await clearStale(lockFile, holder))) await sleep(systemClock, TAKEOVER_ROUND_MS);
  }
  throw lockedBy('unreadable', remedyFor(lockFile));
}

function remedyFor(lockFile: string): string {
  return `if you are sure that it is gone, remove ${lockFile}`;
}

/** Who holds the lock; undefined when nobody does, or when its holder is gone. Takes nothing. */
export async function lockHolder(lockFile: string): Promise<LockHolder | undefined> {
  const holder = await readHolder(lockFile);
  return holder === undefined || holder === 'unreadable' || isGone(holder) ? undefined : holder;
}

/**
 * Remove a stale lock, one process at a time: without the guard, whoever comes second would remove the new lock of
 * whoever came first. A guard whose holder died is removed in turn.
 * @returns whether this process had the guard
 */
async function clearStale(lockFile: string, holder: LockHolder): Promise<boolean> {
  const guard = `${lockFile}.takeover`;
  if (!(await createExclusively(guard, `${JSON.stringify(holder)}\n`))) {
    const other = await readHolder(guard);
    if (other !== undefined && isGone(other)) await rm(guard, { force: true });
    return false;
  }
  try {
    const current = await readHolder(lockFile);
    if (current !== undefined && isGone(current)) await rm(lockFile, { force: true });
    return true;
  } finally {
    await rm(guard, { force: true });
  }
}

function holdLock(lockFile: string, holder: LockHolder): JobLock {
  const isOurs = (found: FoundHolder): boolean => found !== 'unreadable' && found.nonce === holder.nonce;
  const releaseOnExit = (): void => {
    try {
      if (isOurs(parseHolder(readFileSync(lockFile, 'utf8')))) unlinkSync(lockFile);
    } catch {
      // The process is ending: a lock that stays is found stale by the next run.
    }
  };
  process.once('exit', releaseOnExit);
  return {
    holder,
    release: async () => {
      process.removeListener('exit', releaseOnExit);
      const current = await readHolder(lockFile);
      if (current !== undefined && isOurs(current)) await rm(lockFile, { force: true });
    },
  };
}

async function readHolder(path: string): Promise<FoundHolder | undefined> {
  try {
    return parseHolder(await readFile(path, 'utf8'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
