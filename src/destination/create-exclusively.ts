/**
 * Creating a file as a decision: of all who try, one succeeds. Records and locks are made this way. The bytes and the
 * folder's entry are both synced, because file systems may keep one without the other after a power loss.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from './destination-error.ts';
import { syncFolder } from './durable.ts';

/** What link() answers on file systems without hard links (FAT, some FUSE and network mounts, seccomp profiles). */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** fs.link, or a stand-in that fails as file systems without hard links do. */
export type LinkFile = (existing: string, created: string) => Promise<void>;

export interface ExclusiveOptions {
  /** Existing folder on the same file system for the file while it is not complete; default: the target's own. */
  readonly temporaryFolder?: string | undefined;
  readonly linkFile?: LinkFile | undefined;
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
  const file = await open(path, 'wx');
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
