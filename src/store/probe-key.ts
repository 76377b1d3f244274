/** Names of objects that exist for a moment, while it is tried out what a store can do. They say whose they are. */
import { createHash, randomUUID } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

export const PROBE_PREFIX = '.flow-dc-probe-';

export function probeKey(): string {
  return `${PROBE_PREFIX}${machine()}-${process.pid}-${randomUUID()}`;
}

/** Whether a probe was made on this machine by a process that is gone. */
export function isOrphanedProbe(key: string): boolean {
  const [, maker, pid] = /^\.flow-dc-probe-([0-9a-f]{8})-(\d{1,7})-/.exec(key) ?? [];
  return maker === machine() && !isThere(Number(pid));
}

/** Containers may share a name, and count their processes for themselves. */
function machine(): string {
  let processes = '';
  try {
    processes = readlinkSync('/proc/self/ns/pid');
  } catch {
    // Not on Linux, where the name alone has to do.
  }
  return createHash('sha256').update(`${hostname()} ${processes}`).digest('hex').slice(0, 8);
}

function isThere(pid: number): boolean {
  try {
    // Signal 0 only asks. EPERM: it is there, and somebody else's.
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
