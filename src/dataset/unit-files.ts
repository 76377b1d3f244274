/** The names that files of a unit have, whether a record vouches for them or not. */

const UNIT_FILE = /^(?:(\d{6,9})\.(?:tar|tar\.gz|files|parquet|stats\.json)|data-(\d{6,9})\.parquet)$/;
const CONTAINER = /^(?:\d+\.(?:tar|tar\.gz|files)|data-\d+\.parquet)$/;
const TABLE = /^\d+\.parquet$/;

/** `000012` of a unit's file; undefined for any other name. */
export function shardOfFile(name: string): string | undefined {
  const [, shard, ofData] = UNIT_FILE.exec(name) ?? [];
  return shard ?? ofData;
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
