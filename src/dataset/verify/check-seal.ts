/** What sealing wrote beside the shards: the overview, the index, the card, and the sums of everything. */
import { digestOf } from '../files/digest.ts';
import { CHECKSUMS_FILE, parseChecksums } from '../seal/checksums.ts';
import { CARD_FILE, isOurCard } from '../seal/put-card.ts';
import type { DatasetState } from './dataset-state.ts';

const REMEDY = 'flow-dc repair writes it again';

/**
 * Compare the files beside the shards with their sums, and the sums with the records. Nothing where there are none.
 * @param written - files that are known to have been written
 */
export async function checkSeal(state: DatasetState, written: readonly string[]): Promise<void> {
  const { files, findings } = state;
  const file = files.final(CHECKSUMS_FILE);
  const isThere = (await file.look())?.isFolder === false;
  const sums = isThere ? parseChecksums((await file.read()).toString('utf8')) : new Map<string, string>();
  for (const name of written) {
    if (sums?.has(name) !== true && (await files.final(name).look()) === undefined)
      findings.add('artifact_missing', name, `it was written when the dataset was finished; ${REMEDY}`);
  }
  state.sealed = sums ?? new Map();
  if (isThere) await checkSums(state, sums);
}

async function checkSums(
  { files, artifacts, findings }: DatasetState,
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
    const file = files.final(name);
    const found = await file.look();
    // A folder in its place is a finding already, and a card that somebody put there is no business of ours.
    if (found?.isFolder === true || (name === CARD_FILE && found && !isOurCard(await file.read()))) continue;
    const sha256 = found && (await digestOf(file)).sha256;
    if (sha256 === undefined) findings.add('artifact_missing', name, `${CHECKSUMS_FILE} names it; ${REMEDY}`);
    else if (sha256 !== sum) findings.add('artifact_damaged', name, `expected sha256 ${sum}, got ${sha256}; ${REMEDY}`);
  }
  for (const name of artifacts.keys())
    if (!sums.has(name)) findings.add('artifact_damaged', CHECKSUMS_FILE, `${name} has no line in it; ${REMEDY}`);
}
