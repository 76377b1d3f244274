/**
 * A job's units, cut from its manifest without the job: to count them before, and to publish again those that got lost.
 */
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ResolvedConfig } from '../config/types.ts';
import type { Unit, UnitId } from '../record.ts';
import { type JobInput, openJobInput } from '../run/job-input.ts';
import { withRows } from '../run/open-rows.ts';
import { partitionByHost } from '../stages/partition/partition-by-host.ts';
import type { JobChannel } from '../transport/transport.ts';
import type { JobSite } from './job-site.ts';

/** What a job would be made of. */
export interface UnitCount {
  readonly rows: number;
  readonly units: number;
  readonly largestUnitRows: number;
  /** Different hosts; a lower bound beyond 200,000 of them. */
  readonly hosts: number;
  /** Most rows first. */
  readonly busiest: readonly { readonly host: string; readonly rows: number; readonly units: number }[];
}

/** Hosts that are told apart: enough for any manifest that was seen, some 30 MB of memory. Chosen. */
const MAX_HOSTS = 200_000;
const BUSIEST = 10;

/** Read all of the manifest. Errors: those of the manifest reader. */
export async function countUnits(input: JobInput, signal: AbortSignal): Promise<UnitCount> {
  const count = { rows: 0, units: 0, largestUnitRows: 0 };
  const hosts = new Map<string, { rows: number; units: number }>();
  const tally = async (unit: Unit): Promise<void> => {
    count.units += 1;
    count.rows += unit.rows.numRows;
    count.largestUnitRows = Math.max(count.largestUnitRows, unit.rows.numRows);
    for (const { host, rows } of unit.hosts) {
      const known = hosts.get(host);
      if (known !== undefined) {
        known.rows += rows;
        known.units += 1;
      } else if (hosts.size < MAX_HOSTS) hosts.set(host, { rows, units: 1 });
    }
  };
  // What a row is fetched for does not change how rows are cut.
  await cutInto(input, 'none', '', tally, signal);
  const busiest = [...hosts].map(([host, counts]) => ({ host, ...counts })).sort((a, b) => b.rows - a.rows);
  return { ...count, hosts: hosts.size, busiest: busiest.slice(0, BUSIEST) };
}

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

async function cutInto(
  input: JobInput,
  dedupe: ResolvedConfig['run']['dedupe'],
  folder: string,
  take: (unit: Unit) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const taker = new Writable({
    objectMode: true,
    highWaterMark: 1,
    write(unit: Unit, _encoding, done) {
      take(unit).then(() => done(), done);
    },
  });
  await withRows(input.read, dedupe, folder, signal, (read) =>
    pipeline(read(), partitionByHost(input.cutting()), taker, { signal }),
  );
}
