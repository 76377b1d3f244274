/** A process and everything it started, from /proc (Linux). */
import { readdirSync, readFileSync } from 'node:fs';

export interface TreeMember {
  readonly pid: number;
  readonly rssBytes: number;
}

/** Page size in /proc/PID/stat; 4 KiB on x86-64 and on most of arm64. */
const PAGE_BYTES = 4096;

/** `root` and its descendants that are there now; empty without /proc. */
export function processTree(root: number): TreeMember[] {
  const members = new Map<number, { parent: number; rssBytes: number }>();
  for (const pid of pids()) {
    const stat = read(`/proc/${pid}/stat`);
    // The name in parentheses may hold spaces; state is the first field after it, the parent the second.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields.length > 21) members.set(pid, { parent: Number(fields[1]), rssBytes: Number(fields[21]) * PAGE_BYTES });
  }
  const isInside = (pid: number): boolean => {
    for (let at = pid; at > 1; at = members.get(at)?.parent ?? 0) if (at === root) return true;
    return false;
  };
  return [...members].filter(([pid]) => isInside(pid)).map(([pid, { rssBytes }]) => ({ pid, rssBytes }));
}

/** End every process of a tree, one by one. */
export function killTree(root: number): void {
  for (const { pid } of processTree(root)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself meanwhile.
    }
  }
}

function pids(): number[] {
  try {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
