/** Programs out of the distribution's packages, and packages where CI is root. */
import { mkdtempSync, readdirSync } from 'node:fs';
import { chmod, copyFile, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { findProgram } from '../src/cluster/find-program.ts';
import { note, ROOT, runStep, type StepResult } from './run-step.ts';

/** apt-get locks its lists and what is installed: one at a time. */
let busy: Promise<unknown> = Promise.resolve();

/** Where what is fetched for tests is kept: `npm ci` empties it. */
export function cacheFolder(name: string): string {
  return join(ROOT, 'node_modules', '.cache', `flow-dc-${name}`);
}

/** The folders below a cache, one for each version. */
export function cachedFolders(cache: string): string[] {
  try {
    return readdirSync(cache).map((version) => join(cache, version));
  } catch {
    return [];
  }
}

/**
 * Unpack one program of a package into a cache: no root, no service, no port taken, nothing else of the package.
 * @param member - where the package has it, as `usr/bin/rclone`
 * @returns its path; undefined where that does not work (another system, no network, no package lists)
 */
export async function unpackProgram(name: string, member: string, cache: string): Promise<string | undefined> {
  return (await unpackPrograms(name, [member], cache))?.[0];
}

/** Several programs of one package. @returns their paths */
export async function unpackPrograms(
  name: string,
  members: readonly string[],
  cache: string,
): Promise<string[] | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'flow-dc-package-'));
  try {
    if (!(await downloadTo(folder, name))) return undefined;
    const deb = readdirSync(folder).find((file) => file.endsWith('.deb'));
    if (deb === undefined || !(await runStep('dpkg-deb', ['-x', join(folder, deb), folder])).ok) return undefined;
    const kept = join(cache, (deb.split('_')[1] ?? 'unknown').replace(/[^\w.-]/g, '_'));
    return await Promise.all(members.map((member) => keep(join(folder, member), kept)));
  } catch {
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Where CI runs as root on a Debian, install a package; anywhere else nothing is installed. @returns whether it is */
export async function installInCi(name: string): Promise<boolean> {
  if (process.env.CI !== 'true' || process.getuid?.() !== 0) return false;
  const { ok, seconds, output } = await aptGet('install', '-y', '--no-install-recommends', name);
  const reason = ok ? '' : `: ${output.trimEnd().split('\n').at(-1)}`;
  note(`${ok ? 'installed' : 'could not install'} ${name} in ${seconds.toFixed(1)} s${reason}`);
  return ok;
}

/** A program that is there, or comes with the package of its name where CI may install it. @returns its path */
export async function obtainProgram(name: string): Promise<string | undefined> {
  const find = (): string | undefined => findProgram([name], process.env.PATH);
  return find() ?? ((await installInCi(name)) ? find() : undefined);
}

async function downloadTo(folder: string, name: string): Promise<boolean> {
  const download = () => runStep('sh', ['-c', 'cd "$1" && exec apt-get download "$2"', 'sh', folder, name]);
  if ((await download()).ok) return true;
  // Fresh machines and containers have no package lists; only root may fetch them.
  if (process.getuid?.() !== 0) return false;
  return (await aptGet('update')).ok && (await download()).ok;
}

function aptGet(...args: string[]): Promise<StepResult> {
  const step = busy.then(() => runStep('apt-get', args));
  busy = step;
  return step;
}

async function keep(binary: string, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const kept = join(folder, basename(binary));
  await copyFile(binary, kept);
  await chmod(kept, 0o755);
  return kept;
}
