/** Which rows of a manifest a dataset has already, by URL or by key. */
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Data, Field, RecordBatch } from 'apache-arrow';
import { textColumn } from '../arrow/text.ts';
import { plainTexts } from '../arrow/typed-text.ts';
import { intactFile, tableOf, unreadable } from '../dataset/files/intact-file.ts';
import { endedUrls } from '../dataset/outcome-rows.ts';
import type { Publish } from '../dataset/published.ts';
import type { RemovedUrls } from '../job/removed-urls.ts';
import { MOST_ROWS, RowBitmap } from '../structures/row-bitmap.ts';
import { readRoles, urlColumn } from '../unit-rows.ts';
import { rowNumbersOf } from './row-numbers.ts';
import type { SettledDataset } from './settled-rows.ts';
import { type DigestBucket, DigestFile } from './text-digest.ts';

/** How what is known is there: of several lines, the highest counts. */
const [TRIED, REMOVED, STORED] = [0, 1, 2] as const;

/** What rows are known by. */
export interface KnownBy {
  readonly url: boolean;
  /** Keys are the manifest's. */
  readonly key: boolean;
}

export interface KnownRows {
  /** Rows that the dataset lacks. */
  readonly added: RowBitmap;
  readonly addedRows: number;
  /** Of the manifest. */
  readonly rows: number;
  /** Rows that the dataset has, and how they are there. */
  readonly fetched: number;
  /** Taken out for good. */
  readonly removed: number;
  readonly notFetched: number;
}

/**
 * @param batches - of the manifest, row numbers rising from 0
 * @param publish - what the tables' URLs and keys went through
 * @param removed - what was taken out, and may have no URL in the tables
 * @param folder - for temporary files: 24 bytes for each URL and each key, of the dataset and of the manifest
 * Memory: two bits per row of the manifest, 32 MB, and a bucket. Errors: those of the reader; FDC_ERR_DEST_IO.
 */
export async function knownRows(
  dataset: SettledDataset,
  batches: AsyncIterable<RecordBatch>,
  by: KnownBy,
  publish: Publish,
  removed: RemovedUrls | undefined,
  folder: string,
): Promise<KnownRows> {
  const known = new DigestFile(join(folder, 'known'));
  const asked = new DigestFile(join(folder, 'asked'));
  try {
    await readTables(dataset, by, known);
    const out = new RowBitmap(MOST_ROWS);
    const isOut = (url: string): boolean => by.url && removed?.hasUrl(url) === true;
    const rows = await readRows(batches, by, publish, asked, (url, row) => isOut(url) && out.add(row));
    return await joined(known, asked, rows, out);
  } finally {
    known.close();
    asked.close();
  }
}

async function readTables({ files, decided }: SettledDataset, by: KnownBy, known: DigestFile): Promise<void> {
  for await (const unit of decided.records()) {
    const table = tableOf(unit);
    if (table === undefined) continue;
    try {
      for (const { url, key, status, code } of endedUrls(await intactFile(files.final(table.name), table))) {
        const state = status === 'fetched' ? STORED : code === 'removed' ? REMOVED : TRIED;
        if (by.url && url !== '') known.add(urlText(url), state);
        if (by.key) known.add(keyText(key), state);
      }
    } catch (cause) {
      throw unreadable(unit, cause);
    }
  }
}

/** @returns how many there are. A row without URL and key can be told from no other: only the first pass has it. */
async function readRows(
  batches: AsyncIterable<RecordBatch>,
  by: KnownBy,
  publish: Publish,
  asked: DigestFile,
  onUrl: (url: string, row: number) => void,
): Promise<number> {
  let end = 0;
  for await (const batch of batches) {
    const rows = rowNumbersOf(batch);
    const urls = textColumn(urlColumn(batch));
    const keys = by.key ? keysOf(batch) : [];
    for (const [at, row] of rows.entries()) {
      const [url, key] = [urls[at] ?? '', keys[at] ?? ''];
      if (by.url && url !== '') asked.add(urlText(publish(url)), row);
      onUrl(url, row);
      if (by.key && key !== '') asked.add(keyText(publish(key)), row);
      end = row + 1;
    }
  }
  return end;
}

function keysOf(batch: RecordBatch): readonly (string | null)[] {
  const { fields } = batch.schema;
  const at = fields.findIndex(({ name }) => name === readRoles(batch.schema).key);
  return plainTexts(batch.data.children[at] as Data, fields[at] as Field);
}

async function joined(known: DigestFile, asked: DigestFile, rows: number, out: RowBitmap): Promise<KnownRows> {
  const [there, tried, named] = [new RowBitmap(MOST_ROWS), new RowBitmap(MOST_ROWS), new RowBitmap(MOST_ROWS)];
  for (let number = 0; number < DigestFile.buckets; number += 1) {
    const state = statesOf(known.bucket(number));
    const wanted = asked.bucket(number);
    for (let at = 0; at < wanted.length; at += 1) {
      const row = wanted.numberAt(at);
      named.add(row);
      const found = state(wanted, at);
      if (found !== undefined) (found === STORED ? there : found === REMOVED ? out : tried).add(row);
    }
    await setImmediate();
  }
  const added = new RowBitmap(MOST_ROWS);
  const counts = { rows, addedRows: 0, fetched: 0, removed: 0, notFetched: 0 };
  for (let row = 0; row < rows; row += 1) {
    if (there.has(row)) counts.fetched += 1;
    else if (out.has(row)) counts.removed += 1;
    else if (tried.has(row) || !named.has(row)) counts.notFetched += 1;
    else if (added.add(row)) counts.addedRows += 1;
  }
  return { added, ...counts };
}

/** How it is there, by digest. */
function statesOf(bucket: DigestBucket): (of: DigestBucket, at: number) => number | undefined {
  const state = new Uint8Array(bucket.length);
  for (let at = 0; at < bucket.length; at += 1) {
    const first = bucket.note(at);
    state[first] = Math.max(state[first] as number, bucket.numberAt(at));
  }
  return (of, at) => {
    const found = bucket.find(of, at);
    return found === undefined ? undefined : (state[found] as number);
  };
}

function urlText(url: string): string {
  return `u${url}`;
}

function keyText(key: string): string {
  return `k${key}`;
}
