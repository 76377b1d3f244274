/** Rows that have their outcome, added up as they are told of: one by one, or by the records of their units. */
import type { UnitRecord } from '../../record.ts';
import { CodeBook } from './code-book.ts';

export class SettledCounts {
  fetched = 0;
  failed = 0;
  skipped = 0;
  bytes = 0;
  units = 0;
  readonly codes = new CodeBook();

  row(status: 'fetched' | 'failed' | 'skipped', rows: number, bytes: number): void {
    this[status] += rows;
    this.bytes += bytes;
  }

  /** Rows that were taken again count once, as what they are now. */
  record({ stored, failed, skipped, bytes, errors, again }: UnitRecord): void {
    this.row('fetched', stored, bytes);
    this.row('failed', failed - (again?.failed ?? 0), 0);
    this.row('skipped', skipped - (again?.skipped ?? 0), 0);
    this.units += 1;
    for (const [code, rows] of Object.entries(errors)) this.codes.add(code, rows);
    for (const [code, rows] of Object.entries(again?.errors ?? {})) this.codes.add(code, -rows);
  }
}
