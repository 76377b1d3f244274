/** Units cut again from the manifest, and those published that are missing. */
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ResolvedConfig } from '../config/types.ts';
import type { FolderPaths } from '../destination/folder-layout.ts';
import type { Unit, UnitId } from '../record.ts';
import { type JobInput, openJobInput } from '../run/job-input.ts';
import { partitionByHost } from '../stages/partition/partition-by-host.ts';
import type { JobChannel } from '../transport/transport.ts';

/**
 * Cut the manifest again and hand every unit to `take`. The same input and settings give the same units.
 * @param paths - where what came from a pipe was kept
 * Errors: those of the manifest reader.
 */
export async function forEachUnit(
  config: ResolvedConfig,
  paths: FolderPaths,
  take: (unit: Unit) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const input: JobInput = await openJobInput(config, undefined);
  try {
    // Of a kept pipe this only reads where it had paused; nothing is written.
    await input.adopt(paths);
    const taker = new Writable({
      objectMode: true,
      highWaterMark: 1,
      write(unit: Unit, _encoding, done) {
        take(unit).then(() => done(), done);
      },
    });
    await pipeline(input.read(), partitionByHost(input.cutting()), taker, { signal });
  } finally {
    await input.close();
  }
}

/** Publish exactly the units that are missing. @returns how many were */
export async function republish(
  config: ResolvedConfig,
  paths: FolderPaths,
  channel: Pick<JobChannel, 'publish'>,
  missing: readonly UnitId[],
  signal: AbortSignal,
): Promise<number> {
  const wanted = new Set(missing);
  let published = 0;
  const take = async (unit: Unit): Promise<void> => {
    if (!wanted.has(unit.id)) return;
    await channel.publish(unit, signal);
    published += 1;
  };
  if (wanted.size > 0) await forEachUnit(config, paths, take, signal);
  return published;
}
