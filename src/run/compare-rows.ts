/** Whether a manifest that was written anew has the rows that are settled: by number and URL, whatever its form. */
import { join } from 'node:path';
import type { RecordBatch } from 'apache-arrow';
import { textColumn } from '../arrow/text.ts';
import { intactFile, tableOf, unreadable } from '../dataset/files/intact-file.ts';
import { endedUrls } from '../dataset/outcome-rows.ts';
import type { Publish } from '../dataset/published.ts';
import { count } from '../format.ts';
import { MOST_ROWS, RowBitmap } from '../structures/row-bitmap.ts';
import { urlColumn } from '../unit-rows.ts';
import { BucketFile } from './bucket-file.ts';
import { rowNumbersOf } from './row-numbers.ts';
import type { SettledDataset } from './settled-rows.ts';
import { DIGEST_BYTES, putDigest } from './text-digest.ts';

/** Rows that are compared at a time: 36 MB. */
const ROWS_AT_ONCE = 2 ** 20;
const RECORD_BYTES = DIGEST_BYTES + 8;

export interface RowComparison {
  /** Why it is another manifest, in words. */
  readonly difference: string | undefined;
  /** Rows with another URL than before, none of which was fetched: they may be tried again. */
  readonly mended: RowBitmap;
  readonly mendedRows: number;
}

/**
 * @param batches - of the manifest as it is now, row numbers rising
 * @param publish - what the tables' URLs went through
 * @param range - rows [from, to) that are looked at
 * @param folder - for a temporary file: 24 bytes per settled row
 * Errors: those of the reader; FDC_ERR_DEST_IO for a table that cannot be read.
 */
export async function compareRows(
  dataset: SettledDataset,
  batches: AsyncIterable<RecordBatch>,
  publish: Publish,
  folder: string,
  range: readonly [from: number, to: number] = [0, Number.POSITIVE_INFINITY],
): Promise<RowComparison> {
  const known = new BucketFile(join(folder, 'settled-rows'), RECORD_BYTES);
  try {
    const end = await readTables(dataset, known, range);
    return await compare(known, end, batches, publish);
  } finally {
    known.close();
  }
}

/** @returns one more than the highest row that is known */
async function readTables(
  { files, decided }: SettledDataset,
  known: BucketFile,
  [from, to]: readonly [number, number],
): Promise<number> {
  const record = Buffer.alloc(RECORD_BYTES);
  let end = from;
  for await (const unit of decided.records()) {
    const table = tableOf(unit);
    if (table === undefined) continue;
    try {
      for (const { row, url, status, code } of endedUrls(await intactFile(files.final(table.name), table))) {
        // Of a row that was taken out the URL may be forgotten.
        if (row < from || row >= to || code === 'removed') continue;
        putDigest(url, record);
        record.writeDoubleLE(row * 2 + (status === 'fetched' ? 1 : 0), DIGEST_BYTES);
        known.add(Math.floor(row / ROWS_AT_ONCE), record);
        end = Math.max(end, row + 1);
      }
    } catch (cause) {
      throw unreadable(unit, cause);
    }
  }
  return end;
}

async function compare(
  known: BucketFile,
  end: number,
  batches: AsyncIterable<RecordBatch>,
  publish: Publish,
): Promise<RowComparison> {
  const mended = new RowBitmap(MOST_ROWS);
  let mendedRows = 0;
  let lot = new KnownLot(known, -1);
  let next = 0;
  for await (const batch of batches) {
    const rows = rowNumbersOf(batch);
    const urls = textColumn(urlColumn(batch));
    for (const [at, row] of rows.entries()) {
      const number = Math.floor(row / ROWS_AT_ONCE);
      if (number !== lot.number) {
        const missed = missedRow(known, lot.number, number);
        if (missed !== undefined) return { difference: gone(missed), mended, mendedRows };
        lot = new KnownLot(known, number);
      }
      const verdict = lot.judge(row, publish(urls[at] ?? ''));
      if (verdict === 'other') return { difference: `row ${count(row)} has another URL`, mended, mendedRows };
      if (verdict === 'mended' && mended.add(row)) mendedRows += 1;
    }
    next = (rows.at(-1) ?? next - 1) + 1;
    if (next >= end) break;
  }
  return { difference: next < end ? gone(next) : undefined, mended, mendedRows };
}

function gone(row: number): string {
  return `row ${count(row)} is not there any more`;
}

/** A lot between two that were met has no settled rows, or the manifest lacks them. */
function missedRow(known: BucketFile, from: number, to: number): number | undefined {
  for (let number = from + 1; number < to; number += 1) if (known.read(number).length > 0) return number * ROWS_AT_ONCE;
  return undefined;
}

/** Settled rows whose numbers are near each other. */
class KnownLot {
  readonly number: number;
  readonly #records: Buffer;
  /** By row: one more than the position of its record. */
  readonly #at: Int32Array;
  readonly #digest = Buffer.alloc(DIGEST_BYTES);

  constructor(known: BucketFile, number: number) {
    this.number = number;
    this.#records = number < 0 ? Buffer.alloc(0) : known.read(number);
    this.#at = new Int32Array(this.#records.length === 0 ? 0 : ROWS_AT_ONCE);
    for (let at = 0; at < this.#records.length; at += RECORD_BYTES) {
      const packed = this.#records.readDoubleLE(at + DIGEST_BYTES);
      const row = Math.floor(packed / 2) % ROWS_AT_ONCE;
      // Of a row that was taken several times, the time that it was fetched counts.
      if (this.#at[row] === 0 || packed % 2 === 1) this.#at[row] = at / RECORD_BYTES + 1;
    }
  }

  judge(row: number, url: string): 'same' | 'mended' | 'other' {
    const found = (this.#at[row % ROWS_AT_ONCE] ?? 0) - 1;
    if (found < 0) return 'same';
    const from = found * RECORD_BYTES;
    putDigest(url, this.#digest);
    if (this.#digest.compare(this.#records, from, from + DIGEST_BYTES) === 0) return 'same';
    return this.#records.readDoubleLE(from + DIGEST_BYTES) % 2 === 1 ? 'other' : 'mended';
  }
}
