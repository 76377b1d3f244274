/** The units that a job would be made of, counted before there is a job. */
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ResolvedConfig } from '../config/types.ts';
import type { Unit } from '../record.ts';
import { partitionByHost } from '../stages/partition/partition-by-host.ts';
import type { JobInput } from './job-input.ts';
import { withRows } from './open-rows.ts';

/** What a job would be made of. */
export interface UnitCount {
  readonly rows: number;
  readonly units: number;
  readonly largestUnitRows: number;
  /** Different hosts; a lower bound beyond 200,000 of them. */
  readonly hosts: number;
  /** Most rows first. */
  readonly busiest: readonly { readonly host: string; readonly rows: number; readonly units: number }[];
  /** What reading all of it has shown, a line each. */
  readonly warnings: readonly string[];
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
  const before = input.warnings.all.length;
  await cutInto(input, 'none', '', tally, signal);
  const busiest = [...hosts].map(([host, counts]) => ({ host, ...counts })).sort((a, b) => b.rows - a.rows);
  const warnings = input.warnings.all.slice(before);
  return { ...count, hosts: hosts.size, busiest: busiest.slice(0, BUSIEST), warnings };
}

/** Hand every unit of an input to `take`. Errors: those of the manifest reader. */
export async function cutInto(
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
