/** What the table of outcomes takes for one row, from results to Arrow columns and to parquet. */
import { utf8Column } from '../../src/arrow/columns.ts';
import { outcomeTable } from '../../src/dataset/outcome-table.ts';
import { encodeParquet } from '../../src/dataset/parquet-file.ts';
import { UnitOutcomes } from '../../src/dataset/unit-outcomes.ts';
import type { FetchResult, OpenUnit } from '../../src/record.ts';
import { decodeRows } from '../../src/unit-rows.ts';
import { manifestBatch } from '../../test/support/manifests.ts';
import type { MicroTask } from './micro-task.ts';

/** One unit, as large as they are by default. */
const ROWS = 2000;

/** Nothing here looks into it. */
const UNIT = {} as OpenUnit;

export function outcomeColumns(): MicroTask[] {
  const urls = Array.from({ length: ROWS }, (_, row) => `https://photos.example.org/photos/${row}/medium.jpg`);
  const batch = manifestBatch(urls, 0, [['caption', utf8Column(urls.map((_, row) => `a photo of ${row}`))]]);
  const rows = decodeRows({ shard: '000000', rows: batch });
  const results = rows.map(
    (row, index): FetchResult => ({
      row,
      unit: UNIT,
      sha256: index.toString(16).padStart(64, '0'),
      status: 'fetched',
      host: 'photos.example.org',
      bytes: 10_000 + index,
      attempts: 1,
      fetchedAtMs: 1_764_000_000_000 + index,
      contentType: 'image/jpeg',
      httpStatus: 200,
      width: 500,
      height: 375,
      headersMs: index / 100,
      totalMs: index / 50,
      finalUrl: row.url,
      release: () => {},
    }),
  );
  const gather = (): UnitOutcomes => {
    const outcomes = new UnitOutcomes(rows);
    for (const result of results) outcomes.set(result, `${result.row.key}.jpg`);
    return outcomes;
  };
  const table = outcomeTable(gather(), batch);
  return [
    { name: 'results to columns', items: ROWS, run: () => void outcomeTable(gather(), batch) },
    { name: 'columns to parquet', items: ROWS, run: () => void encodeParquet(table) },
  ];
}
