/** How much room is left where a path is or will be. */
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Free bytes where `path` is or will be; its nearest existing parent decides. Undefined when the system does not say.
 */
export async function freeBytes(path: string): Promise<number | undefined> {
  for (let at = path; ; at = dirname(at)) {
    try {
      const { bavail, bsize } = await statfs(at);
      return bavail * bsize;
    } catch {
      if (at === dirname(at)) return undefined;
    }
  }
}
