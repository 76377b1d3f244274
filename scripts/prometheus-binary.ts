/** Finds Prometheus and its promtool, or takes them out of Debian's package. */
import { join } from 'node:path';
import { findProgram } from '../src/cluster/find-program.ts';
import { cachedFolders, cacheFolder, unpackPrograms } from './debian-package.ts';

const CACHE = cacheFolder('prometheus');

/** Its path: on the PATH, or what an earlier run fetched. */
export function findPrometheus(name: 'prometheus' | 'promtool'): string | undefined {
  return findProgram([name], process.env.PATH, cachedFolders(CACHE));
}

/** Find it, or fetch it with what comes with it (19 MB); undefined where that does not work. */
export async function obtainPrometheus(): Promise<string | undefined> {
  const found = findPrometheus('prometheus');
  if (found !== undefined) return found;
  const members = ['prometheus', 'promtool'].map((name) => join('usr', 'bin', name));
  await unpackPrograms('prometheus', members, CACHE);
  return findPrometheus('prometheus');
}
