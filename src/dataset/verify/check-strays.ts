/** What lies in the output or in the staging folder and belongs to no record. */
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { METADATA_FILE } from '../../destination/folder-layout.ts';
import { SEAL_FILES } from '../seal/seal-dataset.ts';
import type { DatasetState } from './check-unit.ts';

/** Report what lies in the output or in the staging folder and belongs to no record. */
export async function checkStrays(state: DatasetState): Promise<void> {
  const { paths, findings } = state;
  await (paths.layout === 'shards' ? checkShardFolder(state) : checkLooseFolder(state, ''));
  for await (const attempt of entriesOf(paths.staging)) {
    findings.add('stray', `staging/${attempt.name}`, 'an attempt that was never finished; flow-dc resume clears it');
  }
}

async function checkShardFolder({ paths, artifacts, findings }: DatasetState): Promise<void> {
  for await (const entry of entriesOf(paths.output)) {
    const known = artifacts.has(entry.name) || SEAL_FILES.includes(entry.name) || entry.name === '.flow-dc';
    if (!known) findings.add('stray', entry.name, 'no record names it');
  }
}

async function checkLooseFolder(state: DatasetState, folder: string): Promise<void> {
  for await (const entry of entriesOf(join(state.paths.output, folder))) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) await checkLooseFolder(state, path);
    else if (path !== METADATA_FILE && !state.files.has(path)) state.findings.add('stray', path, 'no record names it');
  }
}

/** Entries one by one, because a class folder may hold millions; none when there is no such folder. */
async function* entriesOf(folder: string): AsyncGenerator<{ readonly name: string; isDirectory(): boolean }> {
  try {
    yield* await opendir(folder, { bufferSize: 256 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
