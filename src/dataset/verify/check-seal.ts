/** What sealing wrote beside the shards: the overview, the index, the card, and the sums of everything. */
import { lstat, readFile } from 'node:fs/promises';
import { finalPath } from '../../destination/folder-layout.ts';
import { digestFile } from '../../destination/hashed-file.ts';
import { CHECKSUMS_FILE, parseChecksums } from '../seal/checksums.ts';
import type { DatasetState } from './check-unit.ts';

const REMEDY = 'flow-dc repair writes it again';

/**
 * Compare the files beside the shards with their sums, and the sums with the records. Nothing where there are none.
 * @param written - files that are known to have been written
 */
export async function checkSeal(state: DatasetState, written: readonly string[]): Promise<void> {
  const { paths, findings } = state;
  const path = finalPath(paths, CHECKSUMS_FILE);
  const isThere = (await kindOf(path)) === 'file';
  const sums = isThere ? parseChecksums(await readFile(path, 'utf8')) : new Map<string, string>();
  for (const name of written) {
    if (sums?.has(name) !== true && (await kindOf(finalPath(paths, name))) === 'nothing')
      findings.add('artifact_missing', name, `it was written when the dataset was finished; ${REMEDY}`);
  }
  state.sealed = sums ?? new Map();
  if (isThere) await checkSums(state, sums);
}

async function checkSums(
  { paths, artifacts, findings }: DatasetState,
  sums: ReadonlyMap<string, string> | undefined,
): Promise<void> {
  if (sums === undefined) {
    findings.add('artifact_damaged', CHECKSUMS_FILE, `a line is no checksum with a name; ${REMEDY}`);
    return;
  }
  for (const [name, sum] of sums) {
    const committed = artifacts.get(name);
    if (committed !== undefined && committed !== sum)
      findings.add('artifact_damaged', CHECKSUMS_FILE, `${name} has sha256 ${sum} here, ${committed} in its record`);
    if (committed !== undefined) continue;
    const kind = await kindOf(finalPath(paths, name));
    // A folder in its place is a finding already.
    if (kind === 'folder') continue;
    const found = kind === 'file' ? await digestFile(finalPath(paths, name)) : undefined;
    if (found === undefined) findings.add('artifact_missing', name, `${CHECKSUMS_FILE} names it; ${REMEDY}`);
    else if (found.sha256 !== sum)
      findings.add('artifact_damaged', name, `expected sha256 ${sum}, got ${found.sha256}; ${REMEDY}`);
  }
  for (const name of artifacts.keys())
    if (!sums.has(name)) findings.add('artifact_damaged', CHECKSUMS_FILE, `${name} has no line in it; ${REMEDY}`);
}

async function kindOf(path: string): Promise<'file' | 'folder' | 'nothing'> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return 'nothing';
  return found.isDirectory() ? 'folder' : 'file';
}
