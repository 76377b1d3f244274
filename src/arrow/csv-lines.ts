/**
 * Batches as csv (RFC 4180, a header, `\n` between lines): values as text, nested ones as JSON; null is an empty cell,
 * empty text is `""`.
 */
import type { Data, RecordBatch, Schema } from 'apache-arrow';
import { textColumn } from './text.ts';

export function csvHeader(schema: Schema): string {
  return `${schema.fields.map(({ name }) => cell(name)).join(',')}\n`;
}

/** A line per row. */
export function csvLines(batch: RecordBatch): string[] {
  const columns = batch.data.children.map((column) => textColumn(column as Data));
  return Array.from(
    { length: batch.numRows },
    (_, row) => `${columns.map((column) => cell(column[row] ?? null)).join(',')}\n`,
  );
}

function cell(value: string | null): string {
  if (value === null) return '';
  return value === '' || /[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
