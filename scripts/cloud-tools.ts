/** The upload tools that tests run: those that are here, or copies in our cache. */
import { join } from 'node:path';
import { findProgram } from '../src/cluster/find-program.ts';
import { cachedFolders, cacheFolder, unpackProgram } from './debian-package.ts';
import { findPythonSet, obtainPythonSet } from './python-packages.ts';

const CACHE = cacheFolder('tools');

export const CLOUD_TOOLS = ['rclone', 'aws', 'gsutil'] as const;
export type CloudTool = (typeof CLOUD_TOOLS)[number];

/** Part of what is printed when tests are skipped for the lack of them. */
export const HOW_TO_GET_CLOUD_TOOLS =
  'npm test fetches them where it reaches the registries (apt-get install rclone | pip install awscli gsutil).';

/** The tool's path: on the PATH, or what an earlier run fetched. */
export function findTool(name: CloudTool): string | undefined {
  const folder = name === 'rclone' ? undefined : findPythonSet(name);
  return findProgram([name], process.env.PATH, folder === undefined ? cachedFolders(CACHE) : [folder]);
}

/** Find it, or fetch it; undefined where that does not work. */
export async function obtainTool(name: CloudTool): Promise<string | undefined> {
  const found = findTool(name);
  if (found !== undefined) return found;
  if (name === 'rclone') return unpackProgram(name, join('usr', 'bin', name), CACHE);
  await obtainPythonSet(name);
  return findTool(name);
}
