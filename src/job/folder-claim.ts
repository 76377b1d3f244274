/** Whether an output folder is free to be used: what lies in it that no job of ours accounts for. */
import { readdir, stat } from 'node:fs/promises';
import { destinationError, errnoOf } from '../destination/destination-error.ts';
import { FlowDcError } from '../errors.ts';

/**
 * What a folder may hold without being anybody's: our own state of a run that died at its very start, and the system's.
 */
const NOBODYS = new Set(['.flow-dc', 'lost+found', '.DS_Store']);

/** Errors: FDC_ERR_DEST_UNWRITABLE when the output is a file. */
export async function refuseFile(out: string): Promise<void> {
  let isFolder = true;
  try {
    isFolder = (await stat(out)).isDirectory();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw destinationError(error, out, 'FDC_ERR_DEST_UNWRITABLE');
  }
  if (!isFolder)
    throw new FlowDcError(
      'FDC_ERR_DEST_UNWRITABLE',
      `${out} is a file, expected a folder; choose another output with -o`,
    );
}

/** Errors: FDC_ERR_DEST_FOREIGN when the folder holds anything. Only for a folder without a job. */
export async function refuseForeign(out: string): Promise<void> {
  const names = await foreignNames(out);
  if (names.length === 0) return;
  throw new FlowDcError(
    'FDC_ERR_DEST_FOREIGN',
    `${out} holds ${tell(names)} and no flow-dc job; choose another output with -o, or empty the folder`,
  );
}

/** What stayed after a job's files were deleted, as lines for the user. */
export async function leftOver(out: string): Promise<readonly string[]> {
  const names = await foreignNames(out);
  return names.length === 0 ? [] : [`left alone in ${out}, because no record names them: ${tell(names)}`];
}

async function foreignNames(out: string): Promise<readonly string[]> {
  return (await namesIn(out)).filter((name) => !NOBODYS.has(name)).sort();
}

/** The folder's entries, none when it does not exist. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw destinationError(error, folder, 'FDC_ERR_DEST_UNWRITABLE');
  }
}

function tell(names: readonly string[]): string {
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
}
