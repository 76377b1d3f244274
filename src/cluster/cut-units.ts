/** A job's units, cut from its manifest without the job: to publish again those that got lost. */
import type { ResolvedConfig } from '../config/types.ts';
import type { Unit, UnitId } from '../record.ts';
import { cutInto } from '../run/count-units.ts';
import { openJobInput } from '../run/open-job-input.ts';
import type { JobChannel } from '../transport/transport.ts';
import type { JobSite } from './job-site.ts';

/**
 * Cut the manifest of a job again and hand every unit to `take`. The same input and settings give the same units.
 * @param site - where what came from a pipe was kept
 * Errors: those of the manifest reader.
 */
export async function forEachUnit(
  config: ResolvedConfig,
  site: Pick<JobSite, 'memory' | 'pipe' | 'destination'>,
  take: (unit: Unit) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const input = await openJobInput(config, undefined, undefined, site.pipe);
  try {
    // Of a kept pipe this only reads where it had paused; nothing is written.
    await input.adopt(site.memory);
    await cutInto(input, config.run.dedupe, site.destination.spillFolder, take, signal);
  } finally {
    await input.close();
  }
}

/** Publish exactly the units that are missing. @returns how many were */
export async function republish(
  config: ResolvedConfig,
  site: Pick<JobSite, 'memory' | 'pipe' | 'destination'>,
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
  if (wanted.size > 0) await forEachUnit(config, site, take, signal);
  return published;
}
