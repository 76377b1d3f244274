import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { verifyDataset } from '../../../src/dataset/verify/verify-dataset.ts';
import type { CommitStep } from '../../../src/destination/destination.ts';
import { FolderDestination } from '../../../src/destination/folder-destination.ts';
import type { FolderLayout } from '../../../src/destination/folder-layout.ts';
import { createLocalCommitter } from '../../../src/job/local-committer.ts';
import { folderSink } from '../../../src/stages/sink/folder-sink.ts';
import { tarSink } from '../../../src/stages/sink/tar-sink.ts';
import { resultsOf, unitOf } from '../../support/sink-units.ts';
import { tempFolder } from '../../support/temp-folder.ts';

function killAt(folder: string, layout: FolderLayout, step: CommitStep): Promise<NodeJS.Signals | undefined> {
  const child = fileURLToPath(new URL('./crash-child.ts', import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', child, folder, layout, step], (error) =>
      resolve(error?.signal ?? undefined),
    );
  });
}

/** What a second run does: finish what is decided, clear the rest, work on the other units. */
async function resume(folder: string, layout: FolderLayout): Promise<void> {
  const destination = new FolderDestination(folder, { layout });
  const committer = createLocalCommitter(destination.stateFolder);
  for await (const record of committer.records()) await destination.rollForward(record);
  await destination.sweep(async () => false);
  const open = [];
  for (const index of [0, 1, 2]) {
    const unit = unitOf({ index, rows: 20, firstRow: index * 20, labels: Array(20).fill('a') });
    if ((await committer.record(unit.id)) === undefined) open.push(unit);
  }
  const sink = layout === 'shards' ? tarSink(destination) : folderSink(destination);
  await pipeline(Readable.from(open.flatMap((unit) => resultsOf(unit))), sink);
}

describe('a process that is killed while it commits', () => {
  it.each<[FolderLayout, CommitStep]>([
    ['shards', 'staged'],
    ['shards', 'synced'],
    ['shards', 'committed'],
    ['shards', 'rolled'],
    ['files', 'synced'],
    ['files', 'committed'],
  ])(
    '%s, killed when %s: the next run leaves every row stored once and nothing else',
    { timeout: 60_000 },
    async (layout, step) => {
      const folder = join(await tempFolder(), 'out');
      expect(await killAt(folder, layout, step)).toBe('SIGKILL');
      await resume(folder, layout);
      const state = new FolderDestination(folder, { layout }).stateFolder;
      const records = createLocalCommitter(state);
      expect(await verifyDataset(folder, { readRecords: () => records.records(), manifestRows: 60 })).toEqual([]);
      expect(await records.count()).toBe(3);
    },
  );
});
