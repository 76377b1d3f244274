/** Which line of the outcome tables says what a row is now: the one with the highest attempt_set. */
import type { UnitRecord } from '../../record.ts';
import { MOST_ROWS, RowBitmap } from '../../structures/row-bitmap.ts';
import type { DatasetFiles } from '../files/dataset-files.ts';
import { intactFile, tableOf } from '../files/intact-file.ts';
import { rowNumbers } from '../outcome-rows.ts';

/** A bit per row of a manifest for each time that rows were fetched again. */
export class LatestRows {
  readonly #again = new Map<number, RowBitmap>();

  /** @param set - attempt_set, 2 or more */
  add(set: number, row: number): void {
    let rows = this.#again.get(set);
    if (rows === undefined) {
      rows = new RowBitmap(MOST_ROWS);
      this.#again.set(set, rows);
    }
    rows.add(row);
  }

  /** Whether nothing later is known of a row than its line with this attempt_set. */
  isLatest(set: number, row: number): boolean {
    for (const [later, rows] of this.#again) if (later > set && rows.has(row)) return false;
    return true;
  }
}

/**
 * Read which rows were fetched again.
 * @param onUnreadable - told of a unit whose table cannot be read; without it, that throws
 */
export async function latestRows(
  records: AsyncIterable<UnitRecord>,
  files: DatasetFiles,
  onUnreadable?: (record: UnitRecord, error: unknown) => void,
): Promise<LatestRows> {
  const latest = new LatestRows();
  for await (const record of records) {
    const table = record.again === undefined ? undefined : tableOf(record);
    if (table === undefined) continue;
    try {
      const content = await intactFile(files.final(table.name), table);
      for (const row of rowNumbers(content)) latest.add(record.again?.set as number, row);
    } catch (error) {
      if (onUnreadable === undefined) throw error;
      onUnreadable(record, error);
    }
  }
  return latest;
}
