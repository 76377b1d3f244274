/** Finding a program on this machine. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * The first that can be run, in the folders of `path` and then in those of `more`.
 * @param path - as the environment has it
 */
export function findProgram(
  names: readonly string[],
  path: string | undefined,
  more: readonly string[] = [],
): string | undefined {
  const folders = [...(path ?? '').split(delimiter), ...more].filter((folder) => folder !== '');
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable);
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
