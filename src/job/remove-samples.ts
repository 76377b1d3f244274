/**
 * Samples leave the shards of a dataset, unit by unit. A unit's files without them are staged beside the old ones, its
 * record is replaced in one step, and then the new files take the places of the old:
 *
 *   mark -> [ stage -> loose files go -> record replaced -> files renamed ] for every unit -> the mark goes
 *
 * May be cut short at any point and done again. Only under the job's lock.
 */
import type { DatasetFile } from '../dataset/files/dataset-files.ts';
import { intactFile, tableOf } from '../dataset/files/intact-file.ts';
import { thinnedParquet } from '../dataset/removal/thinned-parquet.ts';
import { entriesOf, sampleOffsets, thinGzip, thinnedTar } from '../dataset/removal/thinned-tar.ts';
import { type ThinnedTable, thinnedTable } from '../dataset/removal/tombstones.ts';
import { formatStats, NO_TIMES, parseStats } from '../dataset/stats-file.ts';
import { formatTarIndex } from '../dataset/tar-index.ts';
import { compatOfStats, isDataFile, isStats } from '../dataset/unit-files.ts';
import { FILE_LIST_SUFFIX, formatListedFile, listedFiles } from '../destination/hashed-file.ts';
import { FlowDcError } from '../errors.ts';
import type { Artifact, UnitRecord } from '../record.ts';
import { type RemovalMark, readRemovalMark, type UnitRows } from './removal-mark.ts';
import type { RemovalPlace, RemovalStage } from './removal-place.ts';

const INDEX_SUFFIX = '.idx';

/**
 * Finish the removal that is marked, if there is one.
 * @returns how many rows the mark names; undefined without a mark
 * Errors: FDC_ERR_DEST_FULL, FDC_ERR_DEST_IO, also for a table that is damaged, which flow-dc repair mends.
 */
export async function finishRemoval(place: RemovalPlace): Promise<number | undefined> {
  const mark = await readRemovalMark(place.state);
  if (mark === undefined) return undefined;
  let rows = 0;
  for (const unit of mark.units) {
    await removeFromUnit(place, mark, unit).catch((error: unknown) => {
      throw place.error(error);
    });
    rows += unit.rows.length;
  }
  await place.removeMark();
  return rows;
}

async function removeFromUnit(place: RemovalPlace, mark: RemovalMark, { unit, rows }: UnitRows): Promise<void> {
  const before = await place.decided.record(unit);
  // Taken back since: it is done again, without the rows that must not be fetched.
  if (before === undefined) return;
  const token = `r-${mark.id}`;
  const record = before.token === token ? before : await rewritten(place, before, token, mark, new Set(rows));
  if (record !== undefined) await place.rollForward(record);
}

/** @returns undefined where there is nothing to take out */
async function rewritten(
  place: RemovalPlace,
  before: UnitRecord,
  token: string,
  { code, forget }: RemovalMark,
  rows: ReadonlySet<number>,
): Promise<UnitRecord | undefined> {
  const table = tableOf(before);
  if (table === undefined) return undefined;
  const content = await intactFile(place.files.final(table.name), table).catch((cause: unknown) => {
    const why = `the outcome table of ${before.unit} cannot be read (${(cause as Error).message})`;
    throw new FlowDcError('FDC_ERR_DEST_IO', `${why}; flow-dc repair mends that, then run this again`, { cause });
  });
  const thinned = thinnedTable(content, { rows, code, forget });
  if (thinned === undefined) return undefined;
  const stage = await place.stage(before.unit, token);
  const artifacts: Artifact[] = [];
  for (const artifact of before.artifacts)
    if (artifact !== table && !isStats(artifact.name))
      artifacts.push(await stageContainer(place, stage, artifact, thinned));
  artifacts.push(await stage.put(table.name, once(thinned.table)));
  const record = recordAfter(before, token, code, thinned, artifacts);
  const stats = before.artifacts.find(({ name }) => isStats(name));
  const all =
    stats === undefined
      ? record
      : { ...record, artifacts: [...artifacts, await stageStats(place, stage, stats, record)] };
  await stage.sync();
  if (place.files.layout === 'files') await place.dropLoose(thinned.gone);
  await place.replace(all);
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
  { files }: RemovalPlace,
  stage: RemovalStage,
  { name }: Artifact,
  { gone, staying }: ThinnedTable,
): Promise<Artifact> {
  const open = (of = name): AsyncIterable<Uint8Array> => files.final(of).open();
  const isGone = entriesOf(gone, staying);
  if (name.endsWith(FILE_LIST_SUFFIX)) return stage.put(name, thinnedList(files.final(name), gone));
  if (isDataFile(name))
    return stage.put(
      name,
      thinnedParquet(open, (path) => gone.has(path)),
    );
  if (name.endsWith(INDEX_SUFFIX))
    return stage.put(name, tarIndexOf(thinnedTar(open(name.slice(0, -INDEX_SUFFIX.length)), isGone)));
  if (name.endsWith('.tar')) return stage.put(name, thinnedTar(open(), isGone));
  if (name.endsWith('.tar.gz')) return stageGzip(stage, name, open(), isGone);
  throw new FlowDcError('FDC_ERR_DEST_IO', `${name}: samples cannot be taken out of a file of this kind`);
}

async function* tarIndexOf(tar: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield formatTarIndex(await sampleOffsets(tar));
}

async function stageGzip(
  stage: RemovalStage,
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  isGone: (name: string) => boolean,
): Promise<Artifact> {
  let staged: Artifact | undefined;
  await thinGzip(chunks, isGone, async (packed) => {
    staged = await stage.put(name, packed);
  });
  return staged as Artifact;
}

async function* thinnedList(list: DatasetFile, gone: ReadonlySet<string>): AsyncGenerator<Uint8Array> {
  for (const file of listedFiles((await list.read()).toString('utf8'), list.path))
    if (!gone.has(file.path)) yield Buffer.from(formatListedFile(file));
}

/** Its copy of the record follows; the times are of the fetching, and stay. */
async function stageStats({ files }: RemovalPlace, stage: RemovalStage, { name }: Artifact, record: UnitRecord) {
  const { times = NO_TIMES, ...stats } = parseStats((await files.final(name).read()).toString('utf8'));
  return stage.put(name, once(formatStats(record, stats, times, compatOfStats(name))));
}

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}
