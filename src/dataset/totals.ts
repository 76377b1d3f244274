/** What records add up to; the one place that sums them. */
import type { RowsAgain, UnitRecord } from '../record.ts';

/** What a set of records adds up to. */
export interface RecordTotals {
  readonly units: number;
  readonly rows: number;
  readonly fetched: number;
  readonly failed: number;
  readonly skipped: number;
  /** Of stored bodies. */
  readonly bytes: number;
  /** Rows by code, failed and skipped ones, most frequent first. */
  readonly errors: Readonly<Record<string, number>>;
}

const NUMBERS = ['units', 'rows', 'fetched', 'failed', 'skipped', 'bytes'] as const;

/** Adds up records one by one and keeps none; what several sets of them add up to can be added as well. */
export class TotalsSum {
  readonly #sums = { units: 0, rows: 0, fetched: 0, failed: 0, skipped: 0, bytes: 0 };
  readonly #errors = new Map<string, number>();

  /**
   * Rows that were fetched again count once, as what they are now. Of a record's numbers, one is called otherwise:
   * records keep the names that they have had since the first version.
   */
  add({ stored, again, ...record }: UnitRecord): void {
    this.addTotals({ ...record, units: 1, fetched: stored });
    if (again !== undefined) this.#takeOff(again);
  }

  addTotals(part: RecordTotals): void {
    for (const name of NUMBERS) this.#sums[name] += part[name];
    this.#addErrors(part.errors, 1);
  }

  #takeOff({ failed, skipped, errors }: RowsAgain): void {
    this.#sums.rows -= failed + skipped;
    this.#sums.failed -= failed;
    this.#sums.skipped -= skipped;
    this.#addErrors(errors, -1);
  }

  #addErrors(errors: Readonly<Record<string, number>>, sign: 1 | -1): void {
    for (const [code, rows] of Object.entries(errors))
      this.#errors.set(code, (this.#errors.get(code) ?? 0) + sign * rows);
  }

  read(): RecordTotals {
    const errors = new Map([...this.#errors].filter(([, rows]) => rows !== 0));
    return { ...this.#sums, errors: Object.fromEntries(mostFrequentFirst(errors)) };
  }
}

/** Add records up; one pass, nothing kept. */
export async function totalOf(records: AsyncIterable<UnitRecord>): Promise<RecordTotals> {
  const sum = new TotalsSum();
  for await (const record of records) sum.add(record);
  return sum.read();
}

/** Several totals as one. */
export function sumOf(parts: readonly RecordTotals[]): RecordTotals {
  const sum = new TotalsSum();
  for (const part of parts) sum.addTotals(part);
  return sum.read();
}

/** Codes by falling count; equal counts in the order of the alphabet, whatever order they were met in. */
export function mostFrequentFirst(rowsByCode: ReadonlyMap<string, number>): [code: string, rows: number][] {
  return [...rowsByCode].sort(([codeA, a], [codeB, b]) => b - a || (codeA < codeB ? -1 : 1));
}
