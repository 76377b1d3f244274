/** The rows of a manifest as they are planned: all or some of them, as they are or each URL once. */
import { Readable } from 'node:stream';
import type { RecordBatch } from 'apache-arrow';
import type { RunSettings } from '../config/types.ts';
import type { ManifestPart } from '../job/extensions.ts';
import type { RowBitmap } from '../structures/row-bitmap.ts';
import { findRepeats, markRepeats } from './repeated-urls.ts';
import { numberedFrom, rowNumbersOf, someRows } from './row-numbers.ts';

/** Reads the rows from the beginning. @param columns - these and the URLs are enough */
export type ReadRows = (columns?: readonly string[]) => AsyncIterable<RecordBatch>;

export interface OpenRows {
  /** May be called again where the input may be read again. */
  readonly read: () => AsyncIterable<RecordBatch>;
  /** Remove what lies on disk for it. */
  close(): void;
}

/**
 * Look through rows as far as their planning needs it.
 * @param folder - for temporary files
 * Errors: those of the manifest reader and of the file system; the signal's reason.
 */
export async function openRows(
  rows: ReadRows,
  dedupe: RunSettings['dedupe'],
  folder: string,
  signal: AbortSignal,
): Promise<OpenRows> {
  if (dedupe === 'none') return { read: () => rows(), close: () => {} };
  const repeats = await findRepeats(rows([]), folder, signal);
  return { read: () => markRepeats(rows(), repeats), close: () => repeats.close() };
}

/** Have rows planned: `use` gets what reads them. Errors: those of openRows, and of `use`. */
export async function withRows(
  rows: ReadRows,
  dedupe: RunSettings['dedupe'],
  folder: string,
  signal: AbortSignal,
  use: (read: () => Readable) => Promise<void>,
): Promise<void> {
  const { read, close } = await openRows(rows, dedupe, folder, signal);
  try {
    await use(() => asReadable(read()));
  } finally {
    close();
  }
}

export function asReadable(batches: AsyncIterable<RecordBatch>): Readable {
  return batches instanceof Readable ? batches : Readable.from(batches, { highWaterMark: 1 });
}

/**
 * The rows of a manifest that are a dataset's, numbered as there.
 * @param taken - undefined for the first ones
 */
export async function* rowsOfPart(
  batches: AsyncIterable<RecordBatch>,
  { firstRow, rows }: Pick<ManifestPart, 'firstRow' | 'rows'>,
  taken: RowBitmap | undefined,
): AsyncGenerator<RecordBatch> {
  let next = firstRow;
  const end = firstRow + rows;
  for await (const batch of batches) {
    const positions = taken === undefined ? firstOf(batch, end - next) : positionsOf(batch, (row) => taken.has(row));
    if (positions.length > 0) yield numberedFrom(someRows(batch, positions), next);
    next += positions.length;
    if (next >= end) return;
  }
}

function firstOf(batch: RecordBatch, most: number): number[] {
  return Array.from({ length: Math.min(batch.numRows, most) }, (_, at) => at);
}

function positionsOf(batch: RecordBatch, isMeant: (row: number) => boolean): number[] {
  const positions: number[] = [];
  rowNumbersOf(batch).forEach((row, at) => {
    if (isMeant(row)) positions.push(at);
  });
  return positions;
}

/** Rows without some of them. */
export async function* rowsWithout(
  batches: AsyncIterable<RecordBatch>,
  isOut: (row: number) => boolean,
): AsyncGenerator<RecordBatch> {
  for await (const batch of batches) {
    const positions = positionsOf(batch, (row) => !isOut(row));
    if (positions.length > 0) yield someRows(batch, positions);
  }
}
