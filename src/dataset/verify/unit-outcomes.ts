/** A unit's outcome table, as far as verifying needs it. */
import type { RecordBatch } from 'apache-arrow';
import { textColumn } from '../../arrow/text.ts';
import { decodeParquet } from '../parquet-file.ts';

/** What an outcome table says about one stored sample. */
export interface ExpectedSample {
  /** Path in the shard or folder. */
  readonly name: string;
  readonly bytes: number;
  /** Absent when the run did not hash. */
  readonly sha256: string | undefined;
}

/** A unit's outcome table, as far as verifying needs it. */
export interface UnitOutcomes {
  readonly rows: readonly number[];
  readonly keys: readonly string[];
  readonly statuses: readonly string[];
  readonly samples: readonly ExpectedSample[];
}

/**
 * @param table - the file's bytes, whose checksum was found right. Throws what the reader throws, TypeError for missing
 * columns.
 */
export function readUnitOutcomes(table: Uint8Array): UnitOutcomes {
  const rows: number[] = [];
  const keys: string[] = [];
  const statuses: string[] = [];
  const samples: ExpectedSample[] = [];
  for (const batch of decodeParquet(table)) {
    const [row, key, status, name, bytes, sha256] = ['row', 'key', 'status', 'name', 'bytes', 'sha256'].map((column) =>
      textOf(batch, column),
    );
    for (let i = 0; i < batch.numRows; i += 1) {
      rows.push(Number(row?.[i]));
      keys.push(key?.[i] ?? '');
      statuses.push(status?.[i] ?? '');
      const path = name?.[i] ?? undefined;
      if (path !== undefined) samples.push({ name: path, bytes: Number(bytes?.[i]), sha256: sha256?.[i] ?? undefined });
    }
  }
  return { rows, keys, statuses, samples };
}

function textOf(batch: RecordBatch, column: string): (string | null)[] {
  const index = batch.schema.fields.findIndex((field) => field.name === column);
  const data = batch.data.children[index];
  if (data === undefined) throw new TypeError(`expected the column ${column}, got ${batch.schema.names.join(', ')}`);
  return textColumn(data);
}
