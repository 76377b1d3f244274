/** The names that files of a unit have, whether a record vouches for them or not. */
import type { UnitRecord } from '../record.ts';
import { img2datasetShard } from './img2dataset-words.ts';

const UNIT_FILE =
  /^(?:(\d{5,9})(?:\.(?:tar|tar\.gz|tar\.idx|files|parquet|stats\.json)|_stats\.json)|data-(\d{6,9})\.parquet)$/;
const CONTAINER = /^(?:\d+\.(?:tar|tar\.gz|files)|data-\d+\.parquet)$/;
const TABLE = /^\d+\.parquet$/;
const STATS = /^\d+[._]stats\.json$/;

/** `000012` of a unit's file; undefined for any other name. */
export function shardOfFile(name: string): string | undefined {
  const [, shard, ofData] = UNIT_FILE.exec(name) ?? [];
  return (shard ?? ofData)?.padStart(6, '0');
}

/** What a unit's files are called, with img2dataset's five digits where that is asked for. */
export function namesOfUnit(shard: string, compat: 'img2dataset' | undefined) {
  const name = compat === undefined ? shard : img2datasetShard(shard);
  return {
    tar: `${name}.tar`,
    table: `${name}.parquet`,
    stats: `${name}${compat === undefined ? '.' : '_'}stats.json`,
  };
}

/** The stats file of a unit, also where its record names none. */
export function statsOf({ unit, artifacts }: Pick<UnitRecord, 'unit' | 'artifacts'>): string {
  const named = artifacts.find(({ name }) => isStats(name));
  return named?.name ?? namesOfUnit(unit.slice(0, unit.indexOf('-')), undefined).stats;
}

/** Among a unit's files, its numbers and times. */
export function isStats(name: string): boolean {
  return STATS.test(name);
}

/** In whose form a stats file is, by its name; undefined for ours. */
export function compatOfStats(name: string): 'img2dataset' | undefined {
  return name.endsWith('_stats.json') ? 'img2dataset' : undefined;
}

/** The parquet file with a shard's samples. `[0-9]*.parquet` are the outcome tables, and shall not be these as well. */
export function dataFile(shard: string): string {
  return `data-${shard}.parquet`;
}

export function isDataFile(name: string): boolean {
  return name.startsWith('data-') && CONTAINER.test(name);
}

/** Among a unit's files, what holds its samples: an archive, a parquet file, or the list of loose files. */
export function isContainer(name: string): boolean {
  return CONTAINER.test(name);
}

/** Among a unit's files, its outcome table. */
export function isTable(name: string): boolean {
  return TABLE.test(name);
}

export function isUnitFile(name: string): boolean {
  return UNIT_FILE.test(name);
}
