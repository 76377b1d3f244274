/** Manifests that killed processes left in the temporary folder, where a file in use cannot do without a name. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Names its process, so that others can tell whether anybody still reads it. */
const NAME = /^flow-dc-manifest-(\d+)-/;

export function spoolPrefix(pid: number): string {
  return `flow-dc-manifest-${pid}-`;
}

/**
 * Remove them. What cannot be removed is somebody else's, or gone.
 * @param isRunning - whether a process of this machine is there
 */
export async function sweepSpools(folder: string, isRunning: (pid: number) => boolean): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = Number(NAME.exec(name)?.[1] ?? Number.NaN);
    if (!Number.isNaN(pid) && !isRunning(pid))
      await rm(join(folder, name), { recursive: true, force: true }).catch(() => {});
  }
}

/** Whether there is such a process; one of another user is. */
export function isRunningHere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
