/** The demo's own folder; never anybody else's files. */
import { existsSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../destination/disk.ts';
import { FlowDcError } from '../../errors.ts';

/** Says that a folder is a demo's and may be replaced by the next one. */
const MARKER = '.flow-dc-demo';
const DEFAULT_FOLDER = 'demo-out';

export interface DemoFolderOptions {
  readonly output?: string | undefined;
  /** Leave an earlier demo alone and take the next free name. */
  readonly keep?: boolean | undefined;
}

/**
 * An empty folder for the demo. An earlier demo in it is replaced.
 * Errors: FDC_ERR_DEST_FOREIGN when the folder holds anything else; FDC_ERR_DEST_UNWRITABLE.
 */
export async function prepareDemoFolder({ output = DEFAULT_FOLDER, keep = false }: DemoFolderOptions): Promise<string> {
  const folder = keep ? nextFree(output) : output;
  try {
    if (existsSync(folder)) await clear(folder);
    await makeFolder(folder);
    await writeFile(join(folder, MARKER), '');
  } catch (error) {
    if (error instanceof FlowDcError) throw error;
    throw new FlowDcError('FDC_ERR_DEST_UNWRITABLE', `${folder}: cannot be written; choose another folder with -o`, {
      cause: error,
    });
  }
  return folder;
}

async function clear(folder: string): Promise<void> {
  const names = await readdir(folder);
  if (names.length > 0 && !names.includes(MARKER)) {
    throw new FlowDcError(
      'FDC_ERR_DEST_FOREIGN',
      `${folder}: holds files that no demo wrote; choose another folder with -o`,
    );
  }
  await Promise.all(names.map((name) => rm(join(folder, name), { recursive: true })));
}

function nextFree(folder: string): string {
  let number = 2;
  let free = folder;
  while (existsSync(free)) {
    free = `${folder}-${number}`;
    number += 1;
  }
  return free;
}
