/**
 * Who holds a lock: the process described, so that a lock whose holder is gone can be told from one that is held, and a
 * person can check. A process is told from a later one with the same pid by its start.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemClock } from '../clock.ts';
import { FlowDcError } from '../errors.ts';

/** Who holds a lock. */
export interface LockHolder {
  readonly pid: number;
  readonly hostname: string;
  /** Tells a process from a later one with the same pid; absent where the system does not say. */
  readonly processStart?: string | undefined;
  /** Where its pid means something: machines and containers may share a name. Absent where the system does not say. */
  readonly pidSpace?: string | undefined;
  readonly startedAtMs: number;
  /** Tells this hold from an earlier one of the same process. */
  readonly nonce: string;
}

/** A lock that somebody wrote and nobody can read: only a person can tell whose it is. */
export type FoundHolder = LockHolder | 'unreadable';

/** Times beyond are none (ECMA-262). */
const MOST_TIME_MS = 8.64e15;

export function describeThisProcess(): LockHolder {
  return {
    pid: process.pid,
    hostname: hostname(),
    processStart: processStart(process.pid),
    pidSpace: pidSpace(),
    startedAtMs: systemClock.wallMs(),
    nonce: randomUUID(),
  };
}

export function parseHolder(text: string): FoundHolder {
  let value: Partial<LockHolder> | null;
  try {
    value = JSON.parse(text) as Partial<LockHolder> | null;
  } catch {
    return 'unreadable';
  }
  if (!Number.isSafeInteger(value?.pid) || (value?.pid ?? 0) < 1 || typeof value?.hostname !== 'string')
    return 'unreadable';
  return value as LockHolder;
}

/** Whether the holder was a process of this machine that is there no more. */
export function isGone(holder: FoundHolder): boolean {
  if (holder === 'unreadable' || holder.hostname !== hostname()) return false;
  if (holder.pidSpace !== undefined && holder.pidSpace !== pidSpace()) return false;
  return !isRunning(holder.pid, holder.processStart);
}

/** FDC_ERR_JOB_LOCKED. @param remedy - what to do when the holder is gone */
export function lockedBy(holder: FoundHolder, remedy: string): FlowDcError {
  if (holder === 'unreadable')
    return new FlowDcError(
      'FDC_ERR_JOB_LOCKED',
      `The output is locked by a process that cannot be named: ${wait(remedy)}`,
    );
  return new FlowDcError('FDC_ERR_JOB_LOCKED', `The output is in use by ${nameOf(holder)}: ${wait(remedy)}`);
}

function wait(remedy: string): string {
  return `wait for it or stop it; ${remedy}`;
}

/** `process 12 on host a since 2026-01-01T00:00:00.000Z`. */
export function nameOf({ pid, hostname: host, startedAtMs }: LockHolder): string {
  const isTime = typeof startedAtMs === 'number' && Math.abs(startedAtMs) <= MOST_TIME_MS;
  const since = isTime ? ` since ${new Date(startedAtMs).toISOString()}` : '';
  return `process ${pid} on host ${host}${since}`;
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
    // A zombie has ended and only waits for its parent to notice.
    return { start: `${bootId()}/${fields[19]}`, isDead: fields[0] === 'Z' || fields[0] === 'X' };
  } catch {
    return undefined;
  }
}

function pidSpace(): string | undefined {
  try {
    return `${bootId()}/${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return undefined;
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
