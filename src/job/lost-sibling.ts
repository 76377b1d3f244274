/** A folder of loose files keeps its job beside it, so that one of the two may be moved without the other. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { folderPaths, METADATA_FILE } from '../destination/folder-layout.ts';

/**
 * What to do about a folder that looks as if its sibling had been left behind: it has the table of a finished folder
 * of loose files, or beside it lies a job without its folder. Undefined for any other folder.
 */
export async function adviceForLostSibling(out: string): Promise<string | undefined> {
  if (!existsSync(out)) return undefined;
  const orphans = await jobsWithoutFolder(dirname(out));
  const name = basename(folderPaths(out, 'files').state);
  if (orphans.length === 1) return `rename ${orphans[0]} beside it to ${name}, where its records belong`;
  if (!existsSync(join(out, METADATA_FILE)) && orphans.length === 0) return undefined;
  return `records of loose files (--no-create-tar) belong beside them, in ${name}: move that folder as well`;
}

async function jobsWithoutFolder(parent: string): Promise<string[]> {
  const names = await readdir(parent).catch(() => []);
  return names.filter((name) => {
    const folder = /^(.+)\.flow-dc$/.exec(name)?.[1];
    return folder !== undefined && existsSync(join(parent, name, 'job.json')) && !existsSync(join(parent, folder));
  });
}
