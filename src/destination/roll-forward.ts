/**
 * From staged to final, for a local folder. Every step may find its work done already, by an earlier run that was
 * killed or by another worker at this moment; only "neither staged nor final" is an error.
 */
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Clock, sleep } from '../clock.ts';
import { FlowDcError } from '../errors.ts';
import type { UnitRecord } from '../record.ts';
import { forEachConcurrently, syncFolder } from './durable.ts';
import { FILE_LIST_SUFFIX, readFileList } from './file-list.ts';
import { artifactName, type FolderPaths, finalPath, stagingFolder } from './folder-layout.ts';

/**
 * Names that another machine made in a shared folder may take this long to be seen here: NFS caches for some seconds.
 */
const VISIBLE_MS = 5_000;
const LOOK_AGAIN_MS = 250;

/** Move a decided record's artifacts to their final names. Idempotent. Errors: FDC_ERR_DEST_IO. */
export async function rollForwardFolder(paths: FolderPaths, record: UnitRecord, clock: Clock): Promise<void> {
  const staged = stagingFolder(paths, record.unit, record.token);
  for (const artifact of record.artifacts) artifactName(artifact.name);
  // Lists go last: a list in its final place says that all of its files are in theirs.
  const lists = record.artifacts.filter((artifact) => artifact.name.endsWith(FILE_LIST_SUFFIX));
  for (const list of lists) await rollFiles(paths, staged, list.name, clock);
  for (const { name, bytes } of record.artifacts) {
    if (!lists.some((list) => list.name === name))
      await moveOnce(join(staged, name), finalPath(paths, name), bytes, clock);
  }
  for (const { name, bytes } of lists) await moveOnce(join(staged, name), finalPath(paths, name), bytes, clock);
  await syncFolder(paths.layout === 'shards' ? paths.output : paths.state);
  await rm(staged, { recursive: true, force: true });
}

async function rollFiles(paths: FolderPaths, staged: string, listName: string, clock: Clock): Promise<void> {
  const list = join(staged, listName);
  if (!(await exists(list))) return;
  const made = new Set<string>();
  for await (const { path, bytes } of readFileList(list)) {
    const final = join(paths.output, path);
    const folder = dirname(final);
    if (!made.has(folder)) {
      await mkdir(folder, { recursive: true });
      made.add(folder);
    }
    await moveOnce(join(staged, 'files', path), final, bytes, clock);
  }
  made.add(paths.output);
  await forEachConcurrently(made, 4, syncFolder);
}

async function moveOnce(from: string, to: string, bytes: number, clock: Clock): Promise<void> {
  for (const endMs = clock.nowMs() + VISIBLE_MS; ; await sleep(clock, LOOK_AGAIN_MS)) {
    try {
      return await rename(from, to);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      const found = await stat(to).catch(() => undefined);
      if (found?.isFile() && found.size === bytes) return;
      if (found === undefined && clock.nowMs() < endMs) continue;
      throw new FlowDcError(
        'FDC_ERR_DEST_IO',
        `${to}: expected ${bytes} bytes here or in ${dirname(from)}, got ${found === undefined ? 'nothing' : `${found.size} bytes`}; the committed data was deleted or changed`,
        { cause: error },
      );
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
