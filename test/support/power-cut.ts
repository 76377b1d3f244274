/**
 * Power cuts without a disk of our own: the program runs with power-cut.cjs, which copies what each fsync makes
 * durable and kills the program at one of them; then the output is made again as the worst disk would have it. What
 * this cannot show is the order of writes within a file, and a disk that lies about its flushes.
 */
import { lstatSync, readdirSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
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

/** Where the disk has what was synced, by number and birth of the file or folder. */
export type Durable = ReadonlyMap<string, string>;

/** @param atSync - the last sync that counts; default: every one that was made */
export async function durableAt(kept: string, atSync = Number.POSITIVE_INFINITY): Promise<Durable> {
  const durable = new Map<string, string>();
  // In the order in which they were begun, whichever ended first.
  for (const sync of (await readdir(kept)).sort())
    if (Number(sync.split('-')[1]) <= atSync && !sync.endsWith('.part'))
      for (const name of await readdir(join(kept, sync))) durable.set(name, join(kept, sync, name));
  return durable;
}

/** Put the output, and the state folder beside it if there is one, into the state after the cut. */
export async function comeBack(durable: Durable, outputs: readonly string[], disk: WorstDisk): Promise<void> {
  for (const output of outputs) {
    const stats = lstatSync(output, { bigint: true, throwIfNoEntry: false });
    if (stats === undefined) continue;
    if (disk === 'names kept') {
      await emptyUnsynced(durable, output);
      continue;
    }
    const before = `${output}-before-the-cut`;
    await rename(output, before);
    await restore(durable, output, keyOf(stats));
    await rm(before, { recursive: true });
  }
}

export function keyOf({ ino, birthtimeNs }: { readonly ino: bigint; readonly birthtimeNs: bigint }): string {
  return `${ino}-${birthtimeNs}`;
}

/** Files of a folder as the disk has them, by path below it: where their content is, undefined for none. */
export async function filesOn(durable: Durable, key: string, below = ''): Promise<Map<string, string | undefined>> {
  const files = new Map<string, string | undefined>();
  for (const [name, entry, isFolder] of await entriesOf(durable, key)) {
    if (!isFolder) files.set(join(below, name), durable.get(`${entry}.file`));
    else for (const [path, place] of await filesOn(durable, entry, join(below, name))) files.set(path, place);
  }
  return files;
}

/** A folder that was never synced is empty, a file that was never synced as well. */
async function restore(durable: Durable, folder: string, key: string): Promise<void> {
  await mkdir(folder);
  for (const [name, entry, isFolder] of await entriesOf(durable, key)) {
    if (isFolder) await restore(durable, join(folder, name), entry);
    else await writeFile(join(folder, name), (await contentOf(durable, `${entry}.file`)) ?? '');
  }
}

async function entriesOf(durable: Durable, key: string): Promise<[name: string, key: string, isFolder: boolean][]> {
  return JSON.parse((await contentOf(durable, `${key}.folder`))?.toString() ?? '[]');
}

async function emptyUnsynced(durable: Durable, folder: string): Promise<void> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const stats = lstatSync(path, { bigint: true });
    if (stats.isDirectory()) {
      await emptyUnsynced(durable, path);
      continue;
    }
    const content = await contentOf(durable, `${keyOf(stats)}.file`);
    if (content === undefined) await truncate(path, 0);
    else await writeFile(path, content);
  }
}

async function contentOf(durable: Durable, name: string): Promise<Buffer | undefined> {
  const path = durable.get(name);
  return path === undefined ? undefined : readFile(path);
}
