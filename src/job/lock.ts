/**
 * One writer per output. The lock is a file that names its holder, so that a lock whose holder is gone can be told
 * from one that is held, and a person can check. A process is told from a later one with the same pid by its start.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync, unlinkSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { sleep, systemClock } from '../clock.ts';
import { errnoOf } from '../destination/destination.ts';
import { createExclusively } from '../destination/disk.ts';
import { FlowDcError } from '../errors.ts';

/** Who holds a lock. */
export interface LockHolder {
  readonly pid: number;
  readonly hostname: string;
  /** Tells a process from a later one with the same pid; absent where the system does not say. */
  readonly processStart?: string | undefined;
  readonly startedAtMs: number;
  /** Tells this hold from an earlier one of the same process. */
  readonly nonce: string;
}

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
    if (!isStale(other)) throw lockedBy(lockFile, other);
    if (!(await clearStale(lockFile, holder))) await sleep(systemClock, TAKEOVER_ROUND_MS);
  }
  throw lockedBy(lockFile, 'unreadable');
}

/** Who holds the lock; undefined when nobody does, or when its holder is gone. Takes nothing. */
export async function lockHolder(lockFile: string): Promise<LockHolder | undefined> {
  const holder = await readHolder(lockFile);
  return holder === undefined || holder === 'unreadable' || isStale(holder) ? undefined : holder;
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
    if (other !== undefined && isStale(other)) await rm(guard, { force: true });
    return false;
  }
  try {
    const current = await readHolder(lockFile);
    if (current !== undefined && isStale(current)) await rm(lockFile, { force: true });
    return true;
  } finally {
    await rm(guard, { force: true });
  }
}

function holdLock(lockFile: string, holder: LockHolder): JobLock {
  const releaseOnExit = (): void => {
    try {
      if (parseHolder(readFileSync(lockFile, 'utf8'), holder.nonce)) unlinkSync(lockFile);
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
      if (current !== undefined && current !== 'unreadable' && current.nonce === holder.nonce)
        await rm(lockFile, { force: true });
    },
  };
}

async function readHolder(path: string): Promise<LockHolder | 'unreadable' | undefined> {
  try {
    return parseHolder(await readFile(path, 'utf8')) ?? 'unreadable';
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** @param nonce - accept only the hold with this nonce */
function parseHolder(text: string, nonce?: string): LockHolder | undefined {
  let value: Partial<LockHolder> | null;
  try {
    value = JSON.parse(text) as Partial<LockHolder> | null;
  } catch {
    return undefined;
  }
  if (!Number.isSafeInteger(value?.pid) || (value?.pid ?? 0) < 1 || typeof value?.hostname !== 'string')
    return undefined;
  return nonce === undefined || value.nonce === nonce ? (value as LockHolder) : undefined;
}

/** An unreadable lock may be one that is being written: only a person can tell. */
function isStale(holder: LockHolder | 'unreadable'): boolean {
  return holder !== 'unreadable' && holder.hostname === hostname() && !isRunning(holder.pid, holder.processStart);
}

function lockedBy(lockFile: string, holder: LockHolder | 'unreadable'): FlowDcError {
  const remedy = `wait for it or stop it; if you are sure that it is gone, remove ${lockFile}`;
  if (holder === 'unreadable')
    return new FlowDcError('FDC_ERR_JOB_LOCKED', `The output is locked by a process that cannot be named: ${remedy}`);
  const since = Number.isFinite(holder.startedAtMs) ? ` since ${new Date(holder.startedAtMs).toISOString()}` : '';
  return new FlowDcError(
    'FDC_ERR_JOB_LOCKED',
    `The output is in use by process ${holder.pid} on host ${holder.hostname}${since}: ${remedy}`,
  );
}

function describeThisProcess(): LockHolder {
  return {
    pid: process.pid,
    hostname: hostname(),
    processStart: processStart(process.pid),
    startedAtMs: systemClock.wallMs(),
    nonce: randomUUID(),
  };
}

/**
 * When a process of this host started, as an opaque text; undefined when there is no such process or the system does
 * not say. Linux counts in clock ticks since boot, so the boot is named too.
 */
export function processStart(pid: number): string | undefined {
  const found = readStat(pid);
  return found === undefined || found.isDead ? undefined : found.start;
}

/**
 * Whether the process is (still) there.
 * @param start - what `processStart` said about it; without it any process with this pid counts
 */
export function isRunning(pid: number, start?: string): boolean {
  const found = readStat(pid);
  if (found !== undefined) return !found.isDead && (start === undefined || start === found.start);
  try {
    // Signal 0 only asks. EPERM: it is there, and somebody else's.
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function readStat(pid: number): { readonly start: string; readonly isDead: boolean } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything; behind it field 3 is the state and field 22 the start (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // A zombie has ended and only waits for its parent to notice.
    return { start: `${boot}/${fields[19]}`, isDead: fields[0] === 'Z' || fields[0] === 'X' };
  } catch {
    return undefined;
  }
}
