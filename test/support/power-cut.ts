/**
 * Power cuts without a disk of our own: the program runs with power-cut.cjs, which copies what each fsync makes
 * durable and kills the program at one of them; then the output is made again as the worst disk would have it. What
 * this cannot show is the order of writes within a file, and a disk that lies about its flushes.
 */
import { lstatSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * What a disk may have when the power is back. `names lost`: of a folder what it held at its last sync, of a file what
 * it held at its own. `names kept`: every name as it was in memory, with the contents of `names lost`.
 */
export type WorstDisk = 'names lost' | 'names kept';

const PRELOAD = fileURLToPath(new URL('power-cut.cjs', import.meta.url));

/** @param atSync - the sync after which the power goes; 0 for never. @param kept - an empty folder beside the output */
export function powerCutEnv(kept: string, output: string, atSync: number): Record<string, string> {
  const plan = JSON.stringify([kept, output, atSync]);
  return { NODE_OPTIONS: `--require ${PRELOAD}`, FLOW_DC_TEST_POWER_CUT: plan };
}

/** How many syncs a program said that it has made. */
export function syncsIn(stderr: string): number {
  return Number([...stderr.matchAll(/\[sync (\d+)\]/g)].at(-1)?.[1] ?? 0);
}

/** Put the output, and the state folder beside it if there is one, into the state after the cut. */
export async function comeBack(kept: string, outputs: readonly string[], disk: WorstDisk): Promise<void> {
  for (const output of outputs) {
    const stats = lstatSync(output, { bigint: true, throwIfNoEntry: false });
    if (stats === undefined) continue;
    if (disk === 'names kept') {
      await emptyUnsynced(kept, output);
      continue;
    }
    const before = `${output}-before-the-cut`;
    await rename(output, before);
    await restore(kept, output, keyOf(stats));
    await rm(before, { recursive: true });
  }
}

function keyOf({ ino, birthtimeNs }: { readonly ino: bigint; readonly birthtimeNs: bigint }): string {
  return `${ino}-${birthtimeNs}`;
}

/** A folder that was never synced is empty, a file that was never synced as well. */
async function restore(kept: string, folder: string, key: string): Promise<void> {
  await mkdir(folder);
  const text = await readFile(join(kept, `${key}.folder`), 'utf8').catch(() => '[]');
  for (const [name, entry, isFolder] of JSON.parse(text) as [string, string, boolean][]) {
    if (isFolder) await restore(kept, join(folder, name), entry);
    else await writeFile(join(folder, name), (await contentOf(kept, entry)) ?? '');
  }
}

async function emptyUnsynced(kept: string, folder: string): Promise<void> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const stats = lstatSync(path, { bigint: true });
    if (stats.isDirectory()) {
      await emptyUnsynced(kept, path);
      continue;
    }
    const content = await contentOf(kept, keyOf(stats));
    if (content === undefined) await truncate(path, 0);
    else await writeFile(path, content);
  }
}

function contentOf(kept: string, key: string): Promise<Buffer | undefined> {
  return readFile(join(kept, `${key}.file`)).catch(() => undefined);
}
