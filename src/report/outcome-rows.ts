/** The rows of an outcome table. */
import { type Data, DataType, type RecordBatch } from 'apache-arrow';
import { textColumn } from '../arrow/text.ts';
import { decodeParquet } from '../dataset/parquet-file.ts';
import type { OutcomeRow } from './host-table.ts';

const COLUMNS = ['host', 'status', 'code', 'bytes', 'headers_ms', 'total_ms', 'fetched_at', 'flags'];

/**
 * The rows of an outcome table.
 * @param table - the file's bytes, whose checksum was found right. Throws what the reader throws, TypeError for missing
 * columns.
 */
export function* outcomeRows(table: Uint8Array): Generator<OutcomeRow> {
  for (const batch of decodeParquet(table, COLUMNS)) {
    const [host, status, code, flags] = ['host', 'status', 'code', 'flags'].map((name) =>
      textColumn(columnOf(batch, name)),
    );
    const [bytes, headersMs, totalMs, fetchedAtMs] = ['bytes', 'headers_ms', 'total_ms', 'fetched_at'].map((name) =>
      numbersOf(columnOf(batch, name)),
    );
    for (let i = 0; i < batch.numRows; i += 1) {
      yield {
        host: host?.[i] ?? '',
        status: status?.[i] ?? '',
        code: code?.[i] ?? '',
        bytes: bytes?.(i) ?? Number.NaN,
        headersMs: headersMs?.(i) ?? Number.NaN,
        totalMs: totalMs?.(i) ?? Number.NaN,
        fetchedAtMs: fetchedAtMs?.(i) ?? Number.NaN,
        flags: flagsOf(flags?.[i]),
      };
    }
  }
}

function columnOf(batch: RecordBatch, name: string): Data {
  const data = batch.data.children[batch.schema.fields.findIndex((field) => field.name === name)];
  if (data === undefined) throw new TypeError(`expected the column ${name}, got ${batch.schema.names.join(', ')}`);
  return data;
}

/** Reads an integer, float or timestamp column (all in their own unit) row by row; NaN for null. */
function numbersOf(data: Data): (row: number) => number {
  const { type, values } = data;
  if (!DataType.isInt(type) && !DataType.isFloat(type) && !DataType.isTimestamp(type)) {
    throw new TypeError(`expected a column of numbers, got ${type}`);
  }
  const hasNulls = data.nullCount > 0;
  return (row) => (hasNulls && !data.getValid(row) ? Number.NaN : Number(values[row]));
}

function flagsOf(text: string | null | undefined): readonly string[] {
  return text === null || text === undefined || text === '[]' ? [] : (JSON.parse(text) as string[]);
}
