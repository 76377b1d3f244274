/** The names that files of a unit have, whether a record vouches for them or not. */

const UNIT_FILE = /^(\d{6,9})\.(tar|tar\.gz|files|parquet|stats\.json)$/;

/** `000012` of a unit's file; undefined for any other name. */
export function shardOfFile(name: string): string | undefined {
  return UNIT_FILE.exec(name)?.[1];
}

export function isUnitFile(name: string): boolean {
  return UNIT_FILE.test(name);
}
