/** Telling a process from a later one that got the same pid. */
import { readFileSync } from 'node:fs';

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
