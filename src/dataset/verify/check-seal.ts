/** What sealing wrote beside the shards: the overview, the index, the card, and the sums of everything. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { finalPath } from '../../destination/folder-layout.ts';
import { digestFile } from '../../destination/hashed-file.ts';
import { CHECKSUMS_FILE, parseChecksums } from '../seal/checksums.ts';
import type { DatasetState } from './check-unit.ts';

const REMEDY = 'flow-dc repair writes it again';

/** Compare the files beside the shards with their sums, and the sums with the records. Nothing where there are none. */
export async function checkSeal({ paths, artifacts, findings }: DatasetState): Promise<void> {
  const path = finalPath(paths, CHECKSUMS_FILE);
  if (!existsSync(path)) return;
  const sums = parseChecksums(await readFile(path, 'utf8'));
  if (sums === undefined) {
    findings.add('artifact_damaged', CHECKSUMS_FILE, `a line is no checksum with a name; ${REMEDY}`);
    return;
  }
  for (const [name, sum] of sums) {
    const committed = artifacts.get(name);
    if (committed !== undefined && committed !== sum)
      findings.add('artifact_damaged', CHECKSUMS_FILE, `${name} has sha256 ${sum} here, ${committed} in its record`);
    if (committed !== undefined) continue;
    const found = existsSync(finalPath(paths, name)) ? await digestFile(finalPath(paths, name)) : undefined;
    if (found === undefined) findings.add('artifact_missing', name, `${CHECKSUMS_FILE} names it; ${REMEDY}`);
    else if (found.sha256 !== sum)
      findings.add('artifact_damaged', name, `expected sha256 ${sum}, got ${found.sha256}; ${REMEDY}`);
  }
  for (const name of artifacts.keys())
    if (!sums.has(name)) findings.add('artifact_damaged', CHECKSUMS_FILE, `${name} has no line in it; ${REMEDY}`);
}
