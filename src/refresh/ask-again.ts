/** Ask every stored row's URL again: by the fetch stage, so at the pace and by the rules of a download. */
import { pipeline } from 'node:stream/promises';
import type { ResolvedConfig } from '../config/types.ts';
import type { StoredRow } from '../dataset/latest/stored-rows.ts';
import type { RowResult } from '../record.ts';
import { fetchRows } from '../stages/fetch/fetch-rows.ts';
import type { FetchStageOptions } from '../stages/fetch/settings.ts';
import { MOST_ROWS, RowBitmap } from '../structures/row-bitmap.ts';
import { type DiffFile, refreshedRow } from './diff-file.ts';
import { conditionsOf, type Verdict, verdictOf } from './verdict.ts';

/** What a refresh came to. */
export interface Refreshed {
  readonly rows: number;
  readonly verdicts: Readonly<Record<Verdict, number>>;
  /** Rows that failed, by code. */
  readonly failures: Readonly<Record<string, number>>;
  /** Rows of the manifest whose files are others now. */
  readonly changed: RowBitmap;
  /** Stopped before every row was asked for. */
  readonly isCut: boolean;
}

export interface AskAgainOptions {
  /** The job's own, so that what is no sample for it is no change either. */
  readonly config: Pick<ResolvedConfig, 'fetch' | 'paarc' | 'store'>;
  readonly diff?: DiffFile | undefined;
  /** Ends it; what was answered so far counts. */
  readonly signal?: AbortSignal | undefined;
  /** For tests. */
  readonly stage?: Partial<FetchStageOptions> | undefined;
}

/**
 * Bodies are hashed within their bounds and dropped. Memory: that of a download, a bit for each row up to the last that has changed.
 * Errors: those of `rows`, of the fetch stage and of the diff's file.
 */
export async function askAgain(
  rows: AsyncIterable<StoredRow>,
  { config, diff, signal, stage }: AskAgainOptions,
): Promise<Refreshed> {
  const verdicts = { same: 0, changed: 0, gone: 0, failed: 0 };
  const failures: Record<string, number> = {};
  const changed = new RowBitmap(MOST_ROWS);
  const take = async (results: AsyncIterable<RowResult<StoredRow>>): Promise<void> => {
    for await (const result of results) {
      result.release();
      const { row: stored, code = 'unknown_error' } = result;
      const verdict = verdictOf(stored, result);
      verdicts[verdict] += 1;
      if (verdict === 'failed') failures[code] = (failures[code] ?? 0) + 1;
      if (verdict === 'changed') changed.add(stored.row);
      await diff?.add(refreshedRow(verdict, result));
    }
  };
  const fetching = fetchRows<StoredRow>({
    ...{ ...config.fetch, paarc: config.paarc, store: config.store, hash: true, bodyRelease: 'by-sink' },
    // A row without a label has no sample.
    ...{ requireLabel: false, ...stage },
    url: ({ url }) => url,
    request: (row) => ({ headers: conditionsOf(row) }),
  });
  let isCut = false;
  try {
    await pipeline(rows, fetching, take, { signal });
  } catch (error) {
    if (signal?.aborted !== true) throw error;
    isCut = true;
  }
  const asked = verdicts.same + verdicts.changed + verdicts.gone + verdicts.failed;
  return { rows: asked, verdicts, failures, changed, isCut };
}
