/** Rows of a dataset's outcome tables as one file. */
import { rm } from 'node:fs/promises';
import { takeRows } from '../../arrow/take.ts';
import type { UnitRecord } from '../../record.ts';
import type { DatasetFiles } from '../files/dataset-files.ts';
import { intactFile, tableOf, unreadable } from '../files/intact-file.ts';
import { OutcomeFile } from '../outcome-file.ts';
import { rowNumbers } from '../outcome-rows.ts';
import { decodeParquet } from '../parquet-file.ts';
import { type LatestRows, latestRows } from './latest-rows.ts';
import type { RowFilter } from './row-filter.ts';

/** What a dataset's rows are now, those of an unfinished one that are settled. One table at a time. */
export interface ExportedDataset {
  readonly files: DatasetFiles;
  records(): AsyncIterable<UnitRecord>;
}

/**
 * Write the rows that `filter` means to `path`, parquet or csv by its name, shard after shard; nothing is written when
 * there are none, and nothing is left there by a failure.
 * @returns how many
 * Errors: FDC_ERR_DEST_IO for a table that cannot be read; those of the file; the signal's reason.
 */
export async function exportRows(
  { files, records }: ExportedDataset,
  filter: RowFilter,
  path: string,
  signal?: AbortSignal,
): Promise<number> {
  const latest = await latestRows(records(), files, (record, cause) => {
    throw unreadable(record, cause);
  });
  const file = new OutcomeFile(path);
  let rows = 0;
  try {
    for await (const record of records()) {
      signal?.throwIfAborted();
      rows += await exportUnit(record, files, latest, filter, file);
    }
    if (file.isBegun) await file.close();
    return rows;
  } catch (error) {
    file.abandon();
    if (file.isBegun) await rm(path, { force: true });
    throw error;
  }
}

async function exportUnit(
  record: UnitRecord,
  files: DatasetFiles,
  latest: LatestRows,
  filter: RowFilter,
  file: OutcomeFile,
): Promise<number> {
  const table = tableOf(record);
  if (table === undefined) return 0;
  const content = await intactFile(files.final(table.name), table).catch((cause: unknown) => {
    throw unreadable(record, cause);
  });
  const set = record.again?.set ?? 1;
  const numbers = rowNumbers(content);
  let rows = 0;
  for (const batch of decodeParquet(content)) {
    const isMeant = filter(batch);
    const picked: number[] = [];
    for (let row = 0; row < batch.numRows; row += 1) {
      const number = numbers.next().value as number;
      if (latest.isLatest(set, number) && isMeant(row)) picked.push(row);
    }
    if (picked.length === 0) continue;
    await file.add(takeRows([batch], { batches: new Uint8Array(picked.length), rows: picked }));
    rows += picked.length;
  }
  return rows;
}
