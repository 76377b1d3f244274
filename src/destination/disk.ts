/**
 * What is asked of a local disk beyond plain reads and writes: names that survive a power cut, files that only one of
 * many creates, folders with their parents, and how much room is left. Data and folder entry are both synced, because
 * file systems may keep one without the other after a power loss.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, rename, rm, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { patiently } from '../open-files.ts';
import { errnoOf } from './destination.ts';

/** What link() answers on file systems without hard links (FAT, some FUSE and network mounts, seccomp profiles). */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** fs.link, or a stand-in that fails as file systems without hard links do. */
export type LinkFile = (existing: string, created: string) => Promise<void>;

export interface ExclusiveOptions {
  /** Existing folder on the same file system for the file while it is not complete; default: the target's own. */
  readonly temporaryFolder?: string | undefined;
  readonly linkFile?: LinkFile | undefined;
}

/** fsync a folder, so that names created, renamed or removed in it last. */
export async function syncFolder(path: string): Promise<void> {
  await syncPath(path);
}

/** fsync a file that was written and closed before. */
export async function syncPath(path: string): Promise<void> {
  const handle = await patiently(() => open(path, 'r'));
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Write a file so that readers see the old content or the new one, never a part. */
export async function writeAtomically(
  path: string,
  content: string | Uint8Array | AsyncIterable<Uint8Array>,
): Promise<void> {
  // A fixed name: what a crash leaves behind is overwritten by the next run instead of piling up.
  const partial = `${path}.part`;
  const handle = await patiently(() => open(partial, 'w'));
  try {
    if (typeof content === 'string' || content instanceof Uint8Array) await handle.writeFile(content);
    else for await (const chunk of content) await handle.appendFile(chunk);
    await handle.sync();
  } catch (error) {
    await handle.close();
    await rm(partial, { force: true });
    throw error;
  }
  await handle.close();
  await rename(partial, path);
  await syncFolder(dirname(path));
}

/**
 * Create `path` with all of `content` unless it exists already.
 * A complete temporary file is linked to its name, so that whoever sees the name sees the whole content. Without hard
 * links the name is created first and filled after: then a crash can leave a torn file, which readers must detect.
 * @returns whether this call created the file
 */
export async function createExclusively(
  path: string,
  content: string,
  options: ExclusiveOptions = {},
): Promise<boolean> {
  const temporary = join(options.temporaryFolder ?? dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  let created: boolean;
  try {
    await writeSynced(temporary, content);
    created = await linkOrCreate(temporary, path, content, options.linkFile ?? link);
  } finally {
    await rm(temporary, { force: true });
  }
  if (created) await syncFolder(dirname(path));
  return created;
}

/**
 * Make a folder and its missing parents, each one's entry synced. Not mkdir's own `recursive`: on Node 20 that answers
 * ENOENT for a read-only file system and never returns below /proc.
 */
export async function makeFolder(path: string): Promise<void> {
  if (await makeOne(path)) return;
  if (dirname(path) !== path) await makeFolder(dirname(path));
  if (!(await makeOne(path))) await mkdir(path);
}

/** @returns false when the parent is missing */
async function makeOne(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    await syncFolder(dirname(path));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    // A read-only file system says EROFS even about a folder that exists.
    if (await isFolder(path)) return true;
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // Why the folder could not be made says more than why it cannot be seen.
    return false;
  }
}

async function linkOrCreate(temporary: string, path: string, content: string, linkFile: LinkFile): Promise<boolean> {
  try {
    await linkFile(temporary, path);
    return true;
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (errno === 'EEXIST') return false;
    if (!NO_LINKS.has(errno)) throw error;
  }
  try {
    await writeSynced(path, content);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function writeSynced(path: string, content: string): Promise<void> {
  const file = await patiently(() => open(path, 'wx'));
  try {
    await file.writeFile(content);
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

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
