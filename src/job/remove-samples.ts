/**
 * Samples leave the shards of a dataset, unit by unit. A unit's files without them are staged beside the old ones, its
 * record is replaced in one step, and then the new files take the places of the old:
 *
 *   mark -> [ stage -> loose files go -> record replaced -> files renamed ] for every unit -> the mark goes
 *
 * May be cut short at any point and done again. Only under the job's lock.
 */
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemClock } from '../clock.ts';
import { folderFile } from '../dataset/files/folder-files.ts';
import { intactFile, tableOf } from '../dataset/files/intact-file.ts';
import { thinnedParquet } from '../dataset/removal/thinned-parquet.ts';
import { entriesOf, sampleOffsets, thinGzip, thinnedTar } from '../dataset/removal/thinned-tar.ts';
import { type ThinnedTable, thinnedTable } from '../dataset/removal/tombstones.ts';
import { formatStats, NO_TIMES, parseStats } from '../dataset/stats-file.ts';
import { formatTarIndex } from '../dataset/tar-index.ts';
import { compatOfStats, isDataFile, isStats } from '../dataset/unit-files.ts';
import { destinationError, errnoOf } from '../destination/destination.ts';
import { syncFolder, writeAtomically } from '../destination/disk.ts';
import { type FolderPaths, finalPath, stagingFolder } from '../destination/folder-layout.ts';
import { moveFiles, rollForwardFolder } from '../destination/folder-staging.ts';
import { FILE_LIST_SUFFIX, formatListedFile, HashedFile, readFileList } from '../destination/hashed-file.ts';
import { DiskTempo } from '../destination/loose-files.ts';
import { FlowDcError } from '../errors.ts';
import type { Artifact, UnitRecord } from '../record.ts';
import { createLocalCommitter, recordFile } from './local-committer.ts';
import { REMOVAL_FILE, type RemovalMark, readRemovalMark, type UnitRows } from './removal-mark.ts';
import { folderState } from './state-files.ts';

const CHUNK_BYTES = 1024 * 1024;

/**
 * Finish the removal that is marked, if there is one.
 * @returns how many rows the mark names; undefined without a mark
 * Errors: FDC_ERR_DEST_FULL, FDC_ERR_DEST_IO, also for a table that is damaged, which flow-dc repair mends.
 */
export async function finishRemoval(paths: FolderPaths): Promise<number | undefined> {
  const mark = await readRemovalMark(folderState(paths));
  if (mark === undefined) return undefined;
  let rows = 0;
  for (const unit of mark.units) {
    await removeFromUnit(paths, mark, unit).catch((error: unknown) => {
      throw destinationError(error, paths.output);
    });
    rows += unit.rows.length;
  }
  await rm(join(paths.state, REMOVAL_FILE), { force: true });
  await syncFolder(paths.state);
  return rows;
}

async function removeFromUnit(paths: FolderPaths, mark: RemovalMark, { unit, rows }: UnitRows): Promise<void> {
  const before = await createLocalCommitter(paths.state).record(unit);
  // Taken back since: it is done again, without the rows that must not be fetched.
  if (before === undefined) return;
  const token = `r-${mark.id}`;
  const record = before.token === token ? before : await rewritten(paths, before, token, mark, new Set(rows));
  const show = (staged: string, list: string): Promise<void> =>
    moveFiles(paths, staged, list, systemClock, new DiskTempo());
  if (record !== undefined) await rollForwardFolder(paths, record, systemClock, show);
}

/** @returns undefined where there is nothing to take out */
async function rewritten(
  paths: FolderPaths,
  before: UnitRecord,
  token: string,
  { code, forget }: RemovalMark,
  rows: ReadonlySet<number>,
): Promise<UnitRecord | undefined> {
  const table = tableOf(before);
  if (table === undefined) return undefined;
  const content = await intactFile(folderFile(finalPath(paths, table.name)), table).catch((cause: unknown) => {
    const why = `the outcome table of ${before.unit} cannot be read (${(cause as Error).message})`;
    throw new FlowDcError('FDC_ERR_DEST_IO', `${why}; flow-dc repair mends that, then run this again`, { cause });
  });
  const thinned = thinnedTable(content, { rows, code, forget });
  if (thinned === undefined) return undefined;
  const stage = stagingFolder(paths, before.unit, token);
  await rm(stage, { recursive: true, force: true });
  await mkdir(stage, { recursive: true });
  const artifacts: Artifact[] = [];
  for (const artifact of before.artifacts)
    if (artifact !== table && !isStats(artifact.name))
      artifacts.push(await stageContainer(paths, stage, artifact, thinned));
  artifacts.push(await stageFile(join(stage, table.name), once(thinned.table)));
  const record = recordAfter(before, token, code, thinned, artifacts);
  const stats = before.artifacts.find(({ name }) => isStats(name));
  const all =
    stats === undefined
      ? record
      : { ...record, artifacts: [...artifacts, await stageStats(paths, stage, stats, record)] };
  await syncFolder(stage);
  await syncFolder(dirname(stage));
  if (paths.layout === 'files') await dropLooseFiles(paths, thinned.gone);
  await writeAtomically(recordFile(paths.state, before.unit), `${JSON.stringify(all)}\n`);
  return all;
}

function recordAfter(
  { errors, ...before }: UnitRecord,
  token: string,
  code: string,
  { gone, bytes }: ThinnedTable,
  artifacts: readonly Artifact[],
): UnitRecord {
  return {
    ...before,
    token,
    stored: before.stored - gone.size,
    skipped: before.skipped + gone.size,
    bytes: before.bytes - bytes,
    errors: gone.size === 0 ? errors : { ...errors, [code]: (errors[code] ?? 0) + gone.size },
    artifacts,
  };
}

function stageContainer(
  paths: FolderPaths,
  stage: string,
  { name }: Artifact,
  { gone, staying }: ThinnedTable,
): Promise<Artifact> {
  const [from, to] = [finalPath(paths, name), join(stage, name)];
  if (name.endsWith(FILE_LIST_SUFFIX)) return stageFile(to, thinnedList(from, gone));
  // Its archive was staged before it.
  if (name.endsWith('.tar.idx')) return stageFile(to, tarIndexOf(to.slice(0, -'.idx'.length)));
  const open = folderFile(from).open;
  if (isDataFile(name))
    return stageFile(
      to,
      thinnedParquet(open, (path) => gone.has(path)),
    );
  const chunks = open();
  const isGone = entriesOf(gone, staying);
  if (name.endsWith('.tar')) return stageFile(to, thinnedTar(chunks, isGone));
  if (name.endsWith('.tar.gz')) return stageGzip(to, chunks, isGone);
  throw new FlowDcError('FDC_ERR_DEST_IO', `${name}: samples cannot be taken out of a file of this kind`);
}

async function* tarIndexOf(tar: string): AsyncGenerator<Uint8Array> {
  yield formatTarIndex(await sampleOffsets(createReadStream(tar, { highWaterMark: CHUNK_BYTES })));
}

async function stageGzip(to: string, chunks: AsyncIterable<Uint8Array>, isGone: (name: string) => boolean) {
  let staged: Artifact | undefined;
  await thinGzip(chunks, isGone, async (packed) => {
    staged = await stageFile(to, packed);
  });
  return staged as Artifact;
}

async function* thinnedList(list: string, gone: ReadonlySet<string>): AsyncGenerator<Uint8Array> {
  for await (const file of readFileList(list)) if (!gone.has(file.path)) yield Buffer.from(formatListedFile(file));
}

/** Its copy of the record follows; the times are of the fetching, and stay. */
async function stageStats(paths: FolderPaths, stage: string, { name }: Artifact, record: UnitRecord) {
  const { times = NO_TIMES, ...stats } = parseStats(await readFile(finalPath(paths, name), 'utf8'));
  return stageFile(join(stage, name), once(formatStats(record, stats, times, compatOfStats(name))));
}

async function stageFile(path: string, chunks: AsyncIterable<Uint8Array>): Promise<Artifact> {
  const file = await HashedFile.create(path);
  try {
    for await (const chunk of chunks) await file.write([chunk]);
  } catch (error) {
    await file.abandon();
    throw error;
  }
  return { name: basename(path), ...(await file.close(true)) };
}

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}

async function dropLooseFiles({ output }: FolderPaths, gone: ReadonlySet<string>): Promise<void> {
  const folders = new Set<string>();
  for (const path of gone) {
    await rm(join(output, path), { force: true }).catch(ignoreMissing);
    folders.add(dirname(join(output, path)));
  }
  for (const folder of folders) {
    await syncFolder(folder).catch(ignoreMissing);
    // A class without files is none.
    if (folder !== output) await rmdir(folder).catch(ignoreMissing);
  }
  await syncFolder(output);
}

function ignoreMissing(error: unknown): void {
  const errno = errnoOf(error) ?? '';
  if (!['ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST'].includes(errno)) throw error;
}
