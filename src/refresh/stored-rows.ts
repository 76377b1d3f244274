/** The stored rows of a dataset, with what their hosts said of them when they were fetched. */
import type { RecordBatch } from 'apache-arrow';
import { textColumn } from '../arrow/text.ts';
import { intactFile, tableOf } from '../dataset/files/intact-file.ts';
import { latestRows } from '../dataset/latest/latest-rows.ts';
import type { RowFilter } from '../dataset/latest/row-filter.ts';
import { rowNumbers } from '../dataset/outcome-rows.ts';
import { columnOf, decodeParquet } from '../dataset/parquet-file.ts';
import { FlowDcError } from '../errors.ts';
import type { JobView } from '../job/view/job-view.ts';

/** One sample as its outcome table tells it. */
export interface StoredRow {
  readonly key: string;
  /** Of the manifest. */
  readonly row: number;
  readonly url: string;
  readonly bytes: number;
  /** Absent in a dataset without hashes. */
  readonly sha256: string | undefined;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

/**
 * Every stored row that `isMeant` means, as it is now, shard after shard. Memory: one outcome table, a bit per row of
 * the manifest for each time that rows were fetched again. Errors: FDC_ERR_DEST_IO for a table that cannot be read.
 */
export async function* storedRows(
  { files, decided }: Pick<JobView, 'files' | 'decided'>,
  isMeant: RowFilter,
): AsyncGenerator<StoredRow> {
  const latest = await latestRows(decided.records(), files, ({ unit }, cause) => {
    throw unreadable(unit, cause);
  });
  for await (const { unit, again, ...record } of decided.records()) {
    const table = tableOf({ unit, again, ...record });
    if (table === undefined || record.stored === 0) continue;
    const content = await intactFile(files.final(table.name), table).catch((cause: unknown) => {
      throw unreadable(unit, cause);
    });
    const numbers = rowNumbers(content);
    for (const batch of decodeParquet(content)) {
      const rowOf = rowsOf(batch);
      const test = isMeant(batch);
      for (let at = 0; at < batch.numRows; at += 1) {
        const row = numbers.next().value as number;
        const stored = latest.isLatest(again?.set ?? 1, row) && test(at) ? rowOf(at, row) : undefined;
        if (stored !== undefined) yield stored;
      }
    }
  }
}

/** @returns undefined for rows that are not stored */
function rowsOf(batch: RecordBatch): (at: number, row: number) => StoredRow | undefined {
  const text = (name: string): (string | null)[] => textColumn(columnOf(batch, name));
  const [key, url, status, sha256] = [text('key'), text('url'), text('status'), text('sha256')] as const;
  const [etag, lastModified] = [text('etag'), text('last_modified')] as const;
  const { values: bytes } = columnOf(batch, 'bytes');
  return (at, row) =>
    status[at] !== 'fetched'
      ? undefined
      : {
          ...{ key: key[at] ?? '', row, url: url[at] ?? '', bytes: Number(bytes[at]) },
          ...{ sha256: sha256[at] ?? undefined, etag: etag[at] ?? undefined },
          lastModified: lastModified[at] ?? undefined,
        };
}

function unreadable(unit: string, cause: unknown): FlowDcError {
  const message = `the outcome table of ${unit} cannot be read (${(cause as Error).message}); flow-dc repair mends that`;
  return new FlowDcError('FDC_ERR_DEST_IO', message, { cause });
}
