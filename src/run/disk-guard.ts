/** Holds a run before a disk is full: rows wait until there is room, where an error would end it. */
import { resolve } from 'node:path';
import type { Clock } from '../clock.ts';
import { CONFIG_KEYS } from '../config/schema.ts';
import type { ResolvedConfig } from '../config/types.ts';
import type { Destination } from '../destination/destination.ts';
import { parseDestination } from '../destination/destination-name.ts';
import { freeBytes } from '../destination/disk.ts';
import { byteSize } from '../format.ts';
import type { WorkForce } from '../threads/force.ts';

/** A disk takes 500 MB/s and more, but what comes over a network is slower. Chosen. */
const LOOK_MS = 2000;
/** So many times the reserve must be free before the run goes on, so that it does not stop and go. Chosen. */
const ENOUGH = 1.5;
/** A disk that had less than so many reserves at the start is used to its end, unless somebody asked for a reserve. */
const WORTH_GUARDING = 2;
/** What is kept free where nobody said. */
const USUAL_BYTES = CONFIG_KEYS.get('disk_reserve')?.default;

export interface DiskGuardOptions {
  /** Written to, each on a disk of its own, or not. */
  readonly folders: readonly string[];
  /** 0 guards nothing. */
  readonly reserveBytes: number;
  /** Somebody asked for it: small disks are guarded too. */
  readonly isAsked: boolean;
  readonly clock: Clock;
  /** The run is being ended: what is open has to be written. */
  readonly isEnding: () => boolean;
  readonly pause: (isPaused: boolean) => void;
  readonly say: (line: string) => void;
  /** Undefined when the system does not say. */
  readonly freeBytes?: (folder: string) => Promise<number | undefined>;
}

/** Looks at the disks now and then until it is ended. @returns how to end it */
export function guardDisks(options: DiskGuardOptions): () => void {
  const { folders, reserveBytes, isAsked, clock, isEnding, pause, say, freeBytes: freeOn = freeBytes } = options;
  if (reserveBytes <= 0) return () => {};
  const guarded = new Set<string>();
  let low: string | undefined;
  let cancel = (): void => {};
  let isEnded = false;
  const look = async (): Promise<void> => {
    const free = await Promise.all(folders.map(async (folder) => [folder, await freeOn(folder)] as const));
    if (isEnded) return;
    for (const [folder, bytes = Number.POSITIVE_INFINITY] of free) {
      if (isAsked || bytes >= WORTH_GUARDING * reserveBytes) guarded.add(folder);
      if (low !== undefined || !guarded.has(folder) || bytes >= reserveBytes || isEnding()) continue;
      low = folder;
      pause(true);
      say(
        `only ${byteSize(bytes)} are free at ${folder} (disk_reserve ${byteSize(reserveBytes)}): nothing more is ` +
          'fetched until there is room; no row is lost',
      );
    }
    const left = free.find(([folder]) => folder === low)?.[1] ?? Number.POSITIVE_INFINITY;
    if (low !== undefined && left >= ENOUGH * reserveBytes) {
      say(`${byteSize(left)} are free at ${low} again: going on`);
      low = undefined;
      pause(false);
    }
    cancel = clock.timer(LOOK_MS, () => void look());
  };
  void look();
  return () => {
    isEnded = true;
    cancel();
  };
}

/** Where a run writes: its output, what is staged beside it, and bodies on their way. */
function foldersOf({ sink }: ResolvedConfig, { spillFolder }: Pick<Destination, 'spillFolder'>): string[] {
  const { output = '' } = sink;
  return parseDestination(output).kind === 'folder' ? [resolve(output), spillFolder] : [spillFolder];
}

/** The guard of a whole run. */
export function guardRun(
  config: ResolvedConfig,
  destination: Pick<Destination, 'spillFolder'>,
  force: Pick<WorkForce, 'pause'>,
  around: Pick<DiskGuardOptions, 'clock' | 'isEnding'> & { readonly onNotice?: ((line: string) => void) | undefined },
): () => void {
  return guardDisks({
    folders: foldersOf(config, destination),
    reserveBytes: config.run.diskReserveBytes,
    isAsked: config.run.diskReserveBytes !== USUAL_BYTES,
    clock: around.clock,
    isEnding: around.isEnding,
    pause: (isPaused) => force.pause(isPaused, 'disk'),
    say: (line) => around.onNotice?.(line),
  });
}
