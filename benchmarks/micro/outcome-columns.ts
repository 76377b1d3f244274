/** What the table of outcomes takes for one row, from results to Arrow columns and to parquet. */
import { utf8Column } from '../../src/arrow/columns.ts';
import { outcomeTable, type RowOutcome } from '../../src/dataset/outcome-table.ts';
import { encodeParquet } from '../../src/dataset/parquet-file.ts';
import { decodeRows } from '../../src/unit-rows.ts';
import { manifestBatch } from '../../test/support/manifests.ts';
import type { MicroTask } from './micro-task.ts';

/** One unit, as large as they are by default. */
const ROWS = 2000;

export function outcomeColumns(): MicroTask[] {
  const urls = Array.from({ length: ROWS }, (_, row) => `https://photos.example.org/photos/${row}/medium.jpg`);
  const batch = manifestBatch(urls, 0, [['caption', utf8Column(urls.map((_, row) => `a photo of ${row}`))]]);
  const rows = decodeRows({ id: '000000-00000000', shard: '000000', rows: batch, hosts: [] });
  const outcomes = rows.map(
    ({ key, url }, row): RowOutcome => ({
      name: `${key}.jpg`,
      sha256: row.toString(16).padStart(64, '0'),
      status: 'fetched',
      code: undefined,
      host: 'photos.example.org',
      bytes: 10_000 + row,
      attempts: 1,
      fetchedAtMs: 1_764_000_000_000 + row,
      contentType: 'image/jpeg',
      httpStatus: 200,
      width: 500,
      height: 375,
      headersMs: row / 100,
      totalMs: row / 50,
      finalUrl: url,
      etag: undefined,
      lastModified: undefined,
    }),
  );
  const table = outcomeTable(rows, outcomes, batch);
  return [
    { name: 'results to columns', items: ROWS, run: () => void outcomeTable(rows, outcomes, batch) },
    { name: 'columns to parquet', items: ROWS, run: () => void encodeParquet(table) },
  ];
}
