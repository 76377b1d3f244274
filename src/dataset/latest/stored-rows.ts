/** The stored rows of a dataset, with what their hosts said of them when they were fetched. */
import type { RecordBatch } from 'apache-arrow';
import { textColumn } from '../../arrow/text.ts';
import { intactFile, tableOf, unreadable } from '../files/intact-file.ts';
import { rowNumbers } from '../outcome-rows.ts';
import { columnOf, decodeParquet } from '../parquet-file.ts';
import type { ExportedDataset } from './export-rows.ts';
import { latestRows } from './latest-rows.ts';
import type { RowFilter } from './row-filter.ts';

/** One sample as its outcome table tells it. */
export interface StoredRow {
  readonly key: string;
  /** Path in its shard or folder. */
  readonly name: string;
  /** Of the manifest. */
  readonly row: number;
  /** That the bytes came from: of several of the row's, not always the first. */
  readonly url: string;
  readonly bytes: number;
  readonly contentType: string;
  readonly width: number | undefined;
  readonly height: number | undefined;
  /** Absent in a dataset without hashes. */
  readonly sha256: string | undefined;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

/** The flag of rows whose bytes came from another of their URLs than the first. */
const MIRROR = 'mirror';
const ALL: RowFilter = () => () => true;

/**
 * Every stored row that `isMeant` means, as it is now, shard after shard. Memory: one outcome table, a bit per row of
 * the manifest for each time that rows were fetched again. Errors: FDC_ERR_DEST_IO for a table that cannot be read.
 */
export async function* storedRows({ files, records }: ExportedDataset, isMeant = ALL): AsyncGenerator<StoredRow> {
  const latest = await latestRows(records(), files, (record, cause) => {
    throw unreadable(record, cause);
  });
  for await (const record of records()) {
    const table = tableOf(record);
    if (table === undefined || record.stored === 0) continue;
    const content = await intactFile(files.final(table.name), table).catch((cause: unknown) => {
      throw unreadable(record, cause);
    });
    const set = record.again?.set ?? 1;
    for (const stored of storedRowsIn(content, isMeant)) if (latest.isLatest(set, stored.row)) yield stored;
  }
}

/** Those of one table. @param content - of the right bytes */
export function* storedRowsIn(content: Uint8Array, isMeant = ALL): Generator<StoredRow> {
  const numbers = rowNumbers(content);
  for (const batch of decodeParquet(content)) {
    const rowOf = rowsOf(batch);
    const test = isMeant(batch);
    for (let at = 0; at < batch.numRows; at += 1) {
      const row = numbers.next().value as number;
      const stored = test(at) ? rowOf(at, row) : undefined;
      if (stored !== undefined) yield stored;
    }
  }
}

/** @returns undefined for rows that are not stored */
function rowsOf(batch: RecordBatch): (at: number, row: number) => StoredRow | undefined {
  const text = (name: string): (string | null)[] => textColumn(columnOf(batch, name));
  const number = (name: string): ((at: number) => number | undefined) => {
    const column = columnOf(batch, name);
    return (at) => (column.getValid(at) ? Number(column.values[at]) : undefined);
  };
  const [key, name, url, status] = [text('key'), text('name'), text('url'), text('status')] as const;
  const [sha256, etag, lastModified] = [text('sha256'), text('etag'), text('last_modified')] as const;
  const [contentType, bytes] = [text('content_type'), number('bytes')] as const;
  const [finalUrl, flags] = [text('final_url'), text('flags')] as const;
  const urlOf = (at: number): string | null => (flags[at]?.includes(`"${MIRROR}"`) ? finalUrl[at] : url[at]) ?? null;
  const [width, height] = [number('width'), number('height')] as const;
  return (at, row) =>
    status[at] !== 'fetched'
      ? undefined
      : {
          ...{ key: key[at] ?? '', name: name[at] ?? '', row, url: urlOf(at) ?? '', bytes: bytes(at) ?? 0 },
          ...{ contentType: contentType[at] ?? '', width: width(at), height: height(at) },
          ...{ sha256: sha256[at] ?? undefined, etag: etag[at] ?? undefined },
          lastModified: lastModified[at] ?? undefined,
        };
}
