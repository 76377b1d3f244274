/**
 * How many files and sockets this process may have open at a time, and what may have how many of them, so that no row
 * pays for a limit of ours. Node raises the soft limit to the hard one when it starts.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { type Clock, sleep, systemClock } from './clock.ts';

/** A run needs so many: what Node itself has open, a manifest, a shard, some connections. Measured: 40 and a few. */
export const LEAST_OPEN_FILES = 64;
/** Below it modules are loaded one after the other: Node opens all files of a package at once. Measured: 128. */
const PLENTY_FOR_LOADING = 256;
/** Node's own (20), the readers of a manifest and its thread (8), records, logs and name servers (8). Measured. */
const OWN_FILES = 36;
/** An open unit: its shard, what is written at its end. */
const FILES_PER_UNIT = 3;

let known: { readonly limit: number | undefined } | undefined;

/** The process's limit; undefined where the system does not say. Asked once. */
export function openFileLimit(): number | undefined {
  known ??= { limit: askedLimit() };
  return known.limit;
}

/** Files are so few that modules must be loaded one by one. */
export function isShortOfFiles(): boolean {
  return (openFileLimit() ?? Number.POSITIVE_INFINITY) < PLENTY_FOR_LOADING;
}

export interface FileShares {
  readonly concurrentDownloads: number;
  readonly openUnits: number;
  /** Connections at a time, idle ones included. */
  readonly maxConnections: number;
  /** Bodies that are being written to a file of their own at a time. */
  readonly maxSpills: number;
}

/**
 * What a stage can have of what it asks for. Pure.
 * @param files - open files of the process, or the stage's share of them
 */
export function shareFiles(
  files: number | undefined,
  { concurrentDownloads, openUnits }: Pick<FileShares, 'concurrentDownloads' | 'openUnits'>,
): FileShares {
  if (files === undefined)
    return { concurrentDownloads, openUnits, maxConnections: Number.POSITIVE_INFINITY, maxSpills: concurrentDownloads };
  const free = Math.max(8, files - OWN_FILES);
  const units = Math.max(1, Math.min(openUnits, Math.floor(free / 12)));
  const maxSpills = Math.max(1, Math.min(concurrentDownloads, Math.floor(free / 8)));
  const maxConnections = Math.max(2, free - FILES_PER_UNIT * units - maxSpills);
  // A connection that is closed keeps its place for a moment.
  const most = maxConnections - Math.ceil(maxConnections / 16);
  return { concurrentDownloads: Math.min(concurrentDownloads, most), openUnits: units, maxConnections, maxSpills };
}

/** How many open files `shareFiles` needs to give all that is asked for. Pure. */
export function filesFor(wanted: Pick<FileShares, 'concurrentDownloads' | 'openUnits'>): number {
  let files = OWN_FILES + wanted.concurrentDownloads;
  while (!isAll(shareFiles(files, wanted), wanted)) files += Math.ceil(files / 64);
  return files;
}

function isAll(has: FileShares, wanted: Pick<FileShares, 'concurrentDownloads' | 'openUnits'>): boolean {
  return has.concurrentDownloads === wanted.concurrentDownloads && has.openUnits === wanted.openUnits;
}

/** Codes of the system for "not now, and not because of the other side". */
const SHORTAGES: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS', 'EADDRNOTAVAIL']);

/** How long something waits for a file to become free, and how often it looks. Chosen: connections end within it. */
const [MOST_PATIENCE_MS, LOOK_MS] = [60_000, 50];

/** Do what opens a file; while the machine has none left, wait and do it again. Rejects as `open` does. */
export async function patiently<T>(open: () => Promise<T>, clock: Clock = systemClock): Promise<T> {
  const endMs = clock.nowMs() + MOST_PATIENCE_MS;
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (!isShortage(error) || clock.nowMs() >= endMs) throw error;
      await sleep(clock, LOOK_MS);
    }
  }
}

export function isShortage(error: unknown): boolean {
  return SHORTAGES.has((error as NodeJS.ErrnoException | undefined)?.code ?? '');
}

/** Whether a file could be opened at this moment: some libraries do not say that they could not. */
export function hasFileLeft(): boolean {
  try {
    closeSync(openSync('/', 'r'));
    return true;
  } catch (error) {
    return !isShortage(error);
  }
}

function askedLimit(): number | undefined {
  try {
    return numberIn(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);
  } catch {
    if (process.platform === 'win32') return undefined;
    return numberIn(spawnSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).stdout?.trim());
  }
}

function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
