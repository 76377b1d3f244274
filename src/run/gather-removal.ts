/** Which samples a removal takes, and what is never fetched again because of it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { textColumn } from '../arrow/text.ts';
import { intactFile, tableOf, unreadable } from '../dataset/files/intact-file.ts';
import { UploadedFiles } from '../dataset/files/uploaded-files.ts';
import { keptUnits } from '../dataset/kept-units.ts';
import { latestRows } from '../dataset/latest/latest-rows.ts';
import type { RowFilter } from '../dataset/latest/row-filter.ts';
import { rowNumbers } from '../dataset/outcome-rows.ts';
import { columnOf, decodeParquet } from '../dataset/parquet-file.ts';
import { digestFile } from '../destination/hashed-file.ts';
import type { UnitRows } from '../job/removal-mark.ts';
import { removedHash, removedUrl, rowName } from '../job/removed-urls.ts';
import type { JobView } from '../job/view/job-view.ts';
import type { UnitId, UnitRecord } from '../record.ts';
import { MOST_ROWS, RowBitmap } from '../structures/row-bitmap.ts';

/** Rows with one of these URLs or keys, if any are given, that the filter means as well. */
export interface MeantRows {
  /** As `removedUrl` has them. */
  readonly urls: ReadonlySet<string>;
  readonly keys: ReadonlySet<string>;
  readonly filter: RowFilter;
  /** Also of rows without a sample nothing is to stay. */
  readonly forget: boolean;
}

export interface GatheredRemoval {
  /** What is taken out, or forgotten. */
  readonly units: readonly UnitRows[];
  /** Shards with such a sample. */
  readonly shards: number;
  readonly samples: number;
  /** Of the samples. */
  readonly bytes: number;
  /** For the list of what is not fetched again. */
  readonly hashes: ReadonlySet<string>;
  /** Given URLs and keys that no row has. */
  readonly unknown: number;
  /** What was put aside of units that are half done, and holds such a sample. */
  readonly kept: readonly UnitId[];
}

/** Why samples cannot be taken out of a dataset, in words behind its name; undefined where they can. */
export function whyNotThinned({ files }: Pick<JobView, 'files'>): string | undefined {
  if (files instanceof UploadedFiles)
    return `has its shards elsewhere (${files.upload}); take the samples out of a copy of all of it, on a disk`;
  return undefined;
}

type Dataset = Pick<JobView, 'files' | 'decided' | 'identity'>;

/**
 * Look through the outcome tables, twice: what a row is meant by is how it is now, and it may have a sample in an
 * earlier shard. Memory: one table, a bit per row of the manifest, 8 bytes for each row that is taken.
 * @param keptFolder - where units that are half done are put aside
 * Errors: FDC_ERR_DEST_IO for a table that cannot be read.
 */
export async function gatherRemoval(
  dataset: Dataset,
  meant: MeantRows,
  keptFolder: string | undefined,
): Promise<GatheredRemoval> {
  const { files, decided, identity } = dataset;
  const rows = new RowBitmap(MOST_ROWS);
  const hashes = new Set<string>();
  const found = new Set<string>();
  const isRedacted = identity.redactQuery === true;
  const note = (line: TableLine): void => {
    rows.add(line.row);
    if (isRedacted) hashes.add(removedHash(rowName(line.row)));
    else if (line.url !== '') hashes.add(removedHash(removedUrl(line.url)));
    for (const name of line.meantBy) found.add(name);
  };
  const latest = await latestRows(decided.records(), files, failed);
  for await (const record of decided.records())
    for (const line of await linesOf(dataset, record, meant))
      if (line.isMeant && latest.isLatest(record.again?.set ?? 1, line.row)) note(line);
  const kept: UnitId[] = [];
  for await (const { unit, table } of keptFolder === undefined ? [] : keptUnits(keptFolder)) {
    const path = join(keptFolder as string, unit, table.name);
    if ((await digestFile(path).catch(() => undefined))?.sha256 !== table.sha256) continue;
    const lines = meantLines(await readFile(path), meant).filter(({ isMeant }) => isMeant);
    for (const line of lines) note(line);
    if (lines.some(({ isStored }) => isStored)) kept.push(unit);
  }
  if (!isRedacted) for (const url of meant.urls) hashes.add(removedHash(url));
  const unknown = [...meant.urls, ...meant.keys].filter((name) => !found.has(name)).length;
  return { ...(await samplesOf(dataset, rows, meant.forget)), hashes, unknown, kept };
}

/**
 * Every sample of the rows, whichever time it was fetched.
 * @param withOthers - name the lines as well that have no sample
 */
export async function samplesOf(
  dataset: Dataset,
  rows: RowBitmap,
  withOthers = false,
): Promise<Pick<GatheredRemoval, 'units' | 'shards' | 'samples' | 'bytes'>> {
  const units: UnitRows[] = [];
  let [shards, samples, bytes] = [0, 0, 0];
  for await (const record of dataset.decided.records()) {
    if (record.stored === 0 && !withOthers) continue;
    const lines = (await linesOf(dataset, record)).filter(({ row }) => rows.has(row));
    const stored = lines.filter(({ isStored }) => isStored);
    const taken = withOthers ? lines : stored;
    if (taken.length > 0) units.push({ unit: record.unit, rows: taken.map(({ row }) => row) });
    if (stored.length > 0) shards += 1;
    samples += stored.length;
    for (const line of stored) bytes += line.bytes;
  }
  return { units, shards, samples, bytes };
}

interface TableLine {
  readonly row: number;
  readonly url: string;
  readonly bytes: number;
  readonly isStored: boolean;
  readonly isMeant: boolean;
  /** The given URLs and keys that mean it. */
  readonly meantBy: readonly string[];
}

const ANYTHING: MeantRows = { urls: new Set(), keys: new Set(), filter: () => () => true, forget: false };

async function linesOf({ files }: Dataset, record: UnitRecord, meant = ANYTHING): Promise<readonly TableLine[]> {
  const table = tableOf(record);
  if (table === undefined) return [];
  const content = await intactFile(files.final(table.name), table).catch((cause: unknown) => failed(record, cause));
  return meantLines(content, meant);
}

function meantLines(content: Uint8Array, { urls, keys, filter }: MeantRows): TableLine[] {
  const numbers = rowNumbers(content);
  const isNamed = urls.size + keys.size > 0;
  return decodeParquet(content).flatMap((batch) => {
    const text = (name: string): (string | null)[] => textColumn(columnOf(batch, name));
    const [key, url, finalUrl, status] = [text('key'), text('url'), text('final_url'), text('status')] as const;
    const { values: bytes } = columnOf(batch, 'bytes');
    const test = filter(batch);
    return Array.from({ length: batch.numRows }, (_, at): TableLine => {
      const own = [url[at], finalUrl[at]].map((one) => (urls.size === 0 || one == null ? '' : removedUrl(one)));
      const meantBy = [
        ...new Set(own.filter((one) => urls.has(one))),
        ...(keys.has(key[at] ?? '') ? [key[at] as string] : []),
      ];
      return {
        ...{ row: numbers.next().value as number, url: url[at] ?? '', bytes: Number(bytes[at]), meantBy },
        ...{ isStored: status[at] === 'fetched', isMeant: (!isNamed || meantBy.length > 0) && test(at) },
      };
    });
  });
}

function failed(record: UnitRecord, cause: unknown): never {
  throw unreadable(record, cause);
}
