/** Which rows of a dataset have their line in an outcome table, where rows are planned by that and not by units. */

import type { DatasetFiles } from '../dataset/files/dataset-files.ts';
import { intactFile, tableOf, unreadable } from '../dataset/files/intact-file.ts';
import { rowNumbers } from '../dataset/outcome-rows.ts';
import type { UnitRecord } from '../record.ts';
import { MOST_ROWS, RowBitmap } from '../structures/row-bitmap.ts';

const MOST_UNITS = 2 ** 30;

/** A dataset as it is looked through. */
export interface SettledDataset {
  readonly files: DatasetFiles;
  readonly decided: { records(): AsyncIterable<UnitRecord> };
}

/** The same, with files of decided units brought to their places before they are looked for: only under the job's lock. */
export function settledDataset(
  files: DatasetFiles,
  decided: SettledDataset['decided'],
  rollForward: (record: UnitRecord) => Promise<void>,
): SettledDataset {
  const records = async function* (): AsyncGenerator<UnitRecord> {
    for await (const record of decided.records()) {
      if (await files.isPending(record)) await rollForward(record);
      yield record;
    }
  };
  return { files, decided: { records } };
}

/** A bit per row for each time that rows were taken, and one per unit. */
export class SettledRows {
  readonly #sets = new Map<number, RowBitmap>();
  readonly #units = new RowBitmap(MOST_UNITS);
  #next = 0;
  /** How many units are decided. */
  units = 0;

  /** Errors: FDC_ERR_DEST_IO for a table that cannot be read. */
  static async read({ files, decided }: SettledDataset): Promise<SettledRows> {
    const settled = new SettledRows();
    for await (const record of decided.records()) await settled.#add(record, files);
    return settled;
  }

  /** @param set - how often the row was taken: 1 for the first time */
  has(set: number, row: number): boolean {
    return this.#sets.get(set)?.has(row) ?? false;
  }

  /** Whether there is nothing to do of rows [from, to). */
  hasAll(set: number, from: number, to: number): boolean {
    for (let row = from; row < to; row += 1) if (!this.has(set, row)) return false;
    return true;
  }

  /** The lowest number that no unit has, each time another one: names of shards have no gaps in the end. */
  nextUnit(): number {
    while (this.#units.has(this.#next)) this.#next += 1;
    this.#next += 1;
    return this.#next - 1;
  }

  async #add(record: UnitRecord, files: DatasetFiles): Promise<void> {
    this.units += 1;
    this.#units.add(Number(record.unit.slice(0, record.unit.indexOf('-'))));
    const table = tableOf(record);
    if (table === undefined) return;
    const set = record.again?.set ?? 1;
    const rows = this.#sets.get(set) ?? new RowBitmap(MOST_ROWS);
    this.#sets.set(set, rows);
    try {
      for (const row of rowNumbers(await intactFile(files.final(table.name), table))) rows.add(row);
    } catch (cause) {
      throw unreadable(record, cause);
    }
  }
}
