/** How a job stands after a run. */
import type { UnitRecord } from '../record.ts';
import type { RunSpan } from './timeline.ts';

/** What a set of records adds up to. */
export interface RecordTotals {
  readonly units: number;
  readonly rows: number;
  readonly stored: number;
  readonly failed: number;
  readonly skipped: number;
  /** Of stored bodies. */
  readonly bytes: number;
  /** Rows by code, failed and skipped ones, most frequent first. */
  readonly errors: Readonly<Record<string, number>>;
}

/** How a job stands after a run. */
export interface JobSummary extends RecordTotals {
  /** Every row of the manifest is settled. */
  readonly complete: boolean;
  /** The output folder, absolute; `none:` when nothing is kept. */
  readonly out: string;
  /** Of this run alone, milliseconds. */
  readonly elapsedMs: number;
  /** Every run of the job that is known, this one last. */
  readonly runs: readonly RunSpan[];
  /** Rows and bytes that earlier runs had settled. */
  readonly before: { readonly rows: number; readonly bytes: number };
}

/** Add records up; one pass, nothing kept. */
export async function totalOf(records: AsyncIterable<UnitRecord>): Promise<RecordTotals> {
  const total = { units: 0, rows: 0, stored: 0, failed: 0, skipped: 0, bytes: 0 };
  const errors = new Map<string, number>();
  for await (const record of records) {
    total.units += 1;
    total.rows += record.rows;
    total.stored += record.stored;
    total.failed += record.failed;
    total.skipped += record.skipped;
    total.bytes += record.bytes;
    for (const [code, rows] of Object.entries(record.errors)) errors.set(code, (errors.get(code) ?? 0) + rows);
  }
  return { ...total, errors: Object.fromEntries([...errors].sort((a, b) => b[1] - a[1])) };
}
