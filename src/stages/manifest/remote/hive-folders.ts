/** Folders called `key=value`, as Spark, Hive, DuckDB and pyarrow write them: each is a column of the files below. Pure. */

/** Columns of a file by its path; null is `__HIVE_DEFAULT_PARTITION__`. */
export type HiveColumns = ReadonlyMap<string, string | null>;

const FOLDER = /^([^=]+)=(.*)$/s;
const NULL = '__HIVE_DEFAULT_PARTITION__';
/** What writers of such folders leave beside the files, and folders that are none of the data. */
const BESIDE =
  /^(?:_SUCCESS|_metadata|_common_metadata|_committed_.*|_started_.*|_temporary|_delta_log|_spark_metadata)$/;

export function isHiveFolder(name: string): boolean {
  return FOLDER.test(name) && !/^[._]/.test(name);
}

/** Whether part of a path is what Spark and its like keep for themselves. */
export function isBeside(path: string): boolean {
  return path.split(/[/\\]/).some((part) => BESIDE.test(part) || /^\..*\.crc$/.test(part));
}

/** Of the folders of a path, the last part of which is the file. Undefined where none is called so. */
export function hiveColumns(path: string): HiveColumns | undefined {
  const found = path
    .split(/[/\\]/)
    .slice(0, -1)
    .flatMap((folder) => {
      const [, key, value = ''] = FOLDER.exec(folder) ?? [];
      return key === undefined ? [] : [[decoded(key), value === NULL ? null : decoded(value)] as const];
    });
  return found.length === 0 ? undefined : new Map(found);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
