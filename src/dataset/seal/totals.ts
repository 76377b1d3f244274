/** Sums over all records. */
import type { UnitRecord } from '../../record.ts';

/** Sums over all records. */
export interface Totals {
  units: number;
  rows: number;
  stored: number;
  failed: number;
  skipped: number;
  bytes: number;
  /** Rows by code. */
  readonly errors: Map<string, number>;
}

/** What sealing remembers of a record. */
export interface SealedShard {
  readonly unit: string;
  readonly stored: number;
  /** The tar archive, or the list of loose files. */
  readonly container: string | undefined;
  readonly containerBytes: number;
  /** The outcome table. */
  readonly table: string | undefined;
}

export function emptyTotals(): Totals {
  return { units: 0, rows: 0, stored: 0, failed: 0, skipped: 0, bytes: 0, errors: new Map() };
}

export function addRecord(totals: Totals, record: UnitRecord): SealedShard {
  totals.units += 1;
  totals.rows += record.rows;
  totals.stored += record.stored;
  totals.failed += record.failed;
  totals.skipped += record.skipped;
  totals.bytes += record.bytes;
  for (const [code, rows] of Object.entries(record.errors))
    totals.errors.set(code, (totals.errors.get(code) ?? 0) + rows);
  const container = record.artifacts.find(({ name }) => /\.(tar|tar\.gz|files)$/.test(name));
  const table = record.artifacts.find(({ name }) => name.endsWith('.parquet'));
  return {
    unit: record.unit,
    stored: record.stored,
    container: container?.name,
    containerBytes: container?.bytes ?? 0,
    table: table?.name,
  };
}

/** Codes with their rows, most frequent first. */
export function codesByRows(totals: Totals): [code: string, rows: number][] {
  return [...totals.errors].sort(([codeA, a], [codeB, b]) => b - a || (codeA < codeB ? -1 : 1));
}
