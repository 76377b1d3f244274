/** What a demo stands on: hosts that this process plays, and a folder of its own with their manifest. */
import { existsSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DemoHosts, startDemoHosts } from '../../demo-hosts/start-demo-hosts.ts';
import { makeFolder } from '../../destination/disk.ts';
import { FlowDcError } from '../../errors.ts';
import { DEMO_HOSTS, demoManifest } from './demo-hosts.ts';

/** Says that a folder is a demo's and may be replaced by the next one. */
const MARKER = '.flow-dc-demo';
const DEFAULT_FOLDER = 'demo-out';

export interface DemoFolderOptions {
  readonly output?: string | undefined;
  /** Leave an earlier demo alone and take the next free name. */
  readonly keep?: boolean | undefined;
}

export interface DemoGround {
  readonly hosts: DemoHosts;
  readonly manifest: string;
  /** Where the dataset is to go. */
  readonly dataset: string;
  readonly rows: number;
}

/**
 * Play the hosts and write their manifest into an empty folder.
 * @param port - 0 for any free one
 * Errors: FDC_ERR_USAGE when the port is taken; those of prepareDemoFolder.
 */
export async function openDemoGround(options: DemoFolderOptions, port = 0): Promise<DemoGround> {
  // First, so that a taken port leaves an earlier demo alone.
  const hosts = await playHosts(port);
  try {
    const folder = await prepareDemoFolder(options);
    const manifest = join(folder, 'manifest.jsonl');
    await writeFile(manifest, demoManifest(DEMO_HOSTS));
    const rows = DEMO_HOSTS.reduce((sum, host) => sum + host.rows, 0);
    return { hosts, manifest, dataset: join(folder, 'dataset'), rows };
  } catch (error) {
    await hosts.close();
    throw error;
  }
}

async function playHosts(port: number): Promise<DemoHosts> {
  try {
    return await startDemoHosts({
      port,
      rules: DEMO_HOSTS.map(({ name, behaviours }) => ({ host: name, behaviours })),
    });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new FlowDcError(
      'FDC_ERR_USAGE',
      `demo: port ${port} cannot be used (${code}); choose another one with --port`,
      { cause },
    );
  }
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
