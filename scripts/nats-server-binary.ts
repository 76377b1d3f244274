/** The nats-server that tests start: the one that is here, or one that the package manager can hand over. */
import { mkdtempSync, readdirSync } from 'node:fs';
import { chmod, copyFile, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, isExecutable } from '../src/cluster/find-program.ts';
import { ROOT, runStep } from './run-step.ts';

const NAME = 'nats-server';
const CACHE = join(ROOT, 'node_modules', '.cache', 'flow-dc-nats');

/** How people get one; part of what is printed when tests are skipped for the lack of it. */
export const HOW_TO_GET_NATS_SERVER =
  'no nats-server found. Install it (apt-get install nats-server | brew install nats-server | go install github.com/nats-io/nats-server/v2@latest) or set NATS_SERVER_BIN=/path.';

/**
 * In order: NATS_SERVER_BIN, PATH and /usr/sbin (often not in a user's PATH), the copy that an earlier run obtained.
 */
export function findNatsServer(): string | undefined {
  const named = process.env.NATS_SERVER_BIN;
  if (named !== undefined && named !== '') return isExecutable(named) ? named : undefined;
  return findProgram([NAME], process.env.PATH, ['/usr/sbin', ...cachedFolders()]);
}

/**
 * Find one, or unpack the distribution's package into our cache: no root, no service, no port taken.
 * @returns undefined where that does not work (another system, no network, no package lists)
 */
export async function obtainNatsServer(): Promise<string | undefined> {
  const found = findNatsServer();
  if (found !== undefined || process.env.NATS_SERVER_BIN) return found;
  const folder = mkdtempSync(join(tmpdir(), 'flow-dc-nats-'));
  try {
    if (!(await downloadTo(folder))) return undefined;
    const deb = readdirSync(folder).find((name) => name.endsWith('.deb'));
    if (deb === undefined || !(await runStep('dpkg-deb', ['-x', join(folder, deb), folder])).ok) return undefined;
    return await keep(join(folder, 'usr', 'sbin', NAME), deb.split('_')[1] ?? 'unknown');
  } catch {
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function downloadTo(folder: string): Promise<boolean> {
  const download = () => runStep('sh', ['-c', 'cd "$1" && exec apt-get download nats-server', 'sh', folder]);
  if ((await download()).ok) return true;
  // Fresh machines and containers have no package lists; only root may fetch them.
  if (process.getuid?.() !== 0) return false;
  return (await runStep('apt-get', ['update'])).ok && (await download()).ok;
}

async function keep(binary: string, version: string): Promise<string> {
  const folder = join(CACHE, version.replace(/[^\w.-]/g, '_'));
  await mkdir(folder, { recursive: true });
  const kept = join(folder, NAME);
  await copyFile(binary, kept);
  await chmod(kept, 0o755);
  return kept;
}

function cachedFolders(): string[] {
  try {
    return readdirSync(CACHE).map((version) => join(CACHE, version));
  } catch {
    return [];
  }
}
