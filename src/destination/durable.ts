/** Making files and names survive a power cut: fsync of the data, then of the folder that holds the name. */
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** fsync a folder, so that names created, renamed or removed in it last. */
export async function syncFolder(path: string): Promise<void> {
  await syncPath(path);
}

/** fsync a file that was written and closed before. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
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
  const handle = await open(partial, 'w');
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

/** Run `work` over `items`, at most `width` at a time; rejects with the first error once none is running. */
export async function forEachConcurrently<T>(
  items: Iterable<T>,
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let failed = false;
  const lane = async (): Promise<void> => {
    for (let next = iterator.next(); !next.done && !failed; next = iterator.next()) {
      await work(next.value).catch((error: unknown) => {
        failed = true;
        throw error;
      });
    }
  };
  const results = await Promise.allSettled(Array.from({ length: width }, lane));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
