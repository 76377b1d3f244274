/**
 * Samples of a unit that is done again: those whose bytes are as its outcome table says are put where the next run reads
 * them back (`kept/UNIT`), so that it fetches what is missing or wrong and nothing else. Rows that were not stored keep
 * the end that they had.
 */
import { copyFile, link, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { formatKept, KEPT_FILE, openKept } from '../dataset/kept-units.ts';
import { type KeptRow, keptRows } from '../dataset/outcome-rows.ts';
import { isContainer, isTable } from '../dataset/unit-files.ts';
import { errnoOf } from '../destination/destination.ts';
import { makeFolder, syncFolder, writeAtomically } from '../destination/disk.ts';
import { type FolderPaths, finalPath, keptFolder } from '../destination/folder-layout.ts';
import { digestFile, FILE_LIST_SUFFIX, readFileList } from '../destination/hashed-file.ts';
import { isFlowDcError } from '../errors.ts';
import type { Artifact, UnitRecord } from '../record.ts';

/**
 * Keep what is whole of a unit. A shard stays where it is until another takes its place; loose files are moved. May be
 * cut short and done again.
 * @returns why nothing can be told of the unit's samples; undefined when it could
 */
export async function keepSamples(paths: FolderPaths, record: UnitRecord): Promise<string | undefined> {
  const { unit, artifacts } = record;
  const table = artifacts.find(({ name }) => isTable(name));
  const container = artifacts.find(({ name }) => isContainer(name));
  if (table === undefined || container === undefined) return `${unit}: its record names no shard with a table`;
  const rows = await rowsOf(paths, table);
  if (rows === undefined)
    return `${unit}: without its table ${table.name}, which is lost or damaged, nobody can tell what is whole of it`;
  const isListed = container.name.endsWith(FILE_LIST_SUFFIX);
  // Without hashes a sample is as good as the whole that it is a part of.
  const isHashed = [...rows.values()].every(({ name, sha256 }) => name === undefined || sha256 !== undefined);
  const isWhole = isHashed || (!isListed && (await isIntact(finalPath(paths, container.name), container)));
  if (!isWhole && !isListed) return `${unit}: ${container.name} is damaged, and its samples were stored without hashes`;

  const place = keptFolder(paths, unit);
  await makeFolder(place);
  await rm(join(place, KEPT_FILE), { force: true });
  await linkInto(place, paths, table.name);
  if (!isListed) await linkInto(place, paths, container.name);
  else await moveFiles(paths, container.name, join(place, 'files'), isHashed);
  const kept = { unit, rows: 0, stored: 0, bytes: 0, container, table };
  await writeAtomically(join(place, KEPT_FILE), formatKept(kept));
  await writeAtomically(join(place, KEPT_FILE), formatKept({ ...kept, ...(await countOf(paths, unit, rows)) }));
  await syncFolder(place);
  await syncFolder(paths.kept);
  return undefined;
}

async function rowsOf(paths: FolderPaths, table: Artifact): Promise<ReadonlyMap<number, KeptRow> | undefined> {
  const path = finalPath(paths, table.name);
  if (!(await isIntact(path, table))) return undefined;
  try {
    return keptRows(await readFile(path));
  } catch {
    return undefined;
  }
}

async function isIntact(path: string, { sha256 }: Artifact): Promise<boolean> {
  return (await digestFile(path).catch(() => undefined))?.sha256 === sha256;
}

/** A second name for a file; a copy where there are no hard links; nothing where there is no file. */
async function linkInto(place: string, paths: FolderPaths, name: string): Promise<void> {
  const [from, to] = [finalPath(paths, name), join(place, name)];
  await rm(to, { recursive: true, force: true });
  try {
    await link(from, to).catch(() => copyFile(from, to));
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'EISDIR') throw error;
  }
}

/** Move listed files. @param isHashed - whether the table tells which of them are whole; else the list does, here */
async function moveFiles(paths: FolderPaths, list: string, root: string, isHashed: boolean): Promise<void> {
  await mkdir(root, { recursive: true });
  const made = new Set<string>();
  try {
    for await (const file of readFileList(finalPath(paths, list))) {
      const [from, to] = [join(paths.output, file.path), join(root, file.path)];
      if (!isHashed && (await digestFile(from).catch(() => undefined))?.sha256 !== file.sha256) continue;
      if (!made.has(dirname(to))) await mkdir(dirname(to), { recursive: true });
      made.add(dirname(to));
      await rename(from, to).catch(ignoreMissing);
    }
  } catch (error) {
    // A list that is lost or damaged names nothing more.
    if (errnoOf(error) !== 'ENOENT' && !isFlowDcError(error)) throw error;
  }
}

function ignoreMissing(error: unknown): void {
  if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error;
}

async function countOf(paths: FolderPaths, unit: string, rows: ReadonlyMap<number, KeptRow>) {
  const count = { rows: 0, stored: 0, bytes: 0 };
  for (const { status } of rows.values()) if (status !== 'fetched') count.rows += 1;
  const back = await openKept(paths.kept, unit);
  if (back === undefined) return count;
  for await (const [, body] of back.bodies()) {
    count.rows += 1;
    count.stored += 1;
    count.bytes += body.byteLength;
  }
  return count;
}
