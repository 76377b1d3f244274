/** What a unit keeps of a result once its body is written. */
import type { FetchResult } from '../record.ts';

/** What a unit keeps of a result once its body is written: everything but the body. */
export type RowOutcome = Omit<
  FetchResult,
  'row' | 'unit' | 'body' | 'pieces' | 'release' | 'sha256' | 'message' | 'extension'
> & {
  /** Path of the sample in its shard or folder; absent unless stored. */
  readonly name: string | undefined;
  readonly sha256: string | undefined;
};

/** @param sha256 - of the body, when the writing of it found it out */
export function rowOutcome(result: FetchResult, name: string | undefined, sha256 = result.sha256): RowOutcome {
  // Field by field: a copied object would keep the body's memory alive until the commit.
  const { status, host, bytes, attempts, fetchedAtMs, code, contentType, httpStatus } = result;
  const { width, height, headersMs, totalMs, finalUrl, etag, lastModified } = result;
  return {
    ...{ name, sha256, status, host, bytes, attempts, fetchedAtMs },
    ...definedOf({ code, contentType, httpStatus, width, height, headersMs, totalMs, finalUrl, etag, lastModified }),
  };
}

/** Rows per host with the same content above which it is taken for a "no longer available" picture. */
const PLACEHOLDER_ROWS = 50;

/** Which rows hold a body that more than 50 rows of the same host have as well. One entry per outcome. */
export function placeholderFlags(outcomes: readonly RowOutcome[]): boolean[] {
  const rows = new Map<string, number>();
  const contentOf = (outcome: RowOutcome): string | undefined =>
    outcome.sha256 === undefined || outcome.status !== 'fetched' ? undefined : `${outcome.sha256} ${outcome.host}`;
  for (const outcome of outcomes) {
    const content = contentOf(outcome);
    if (content !== undefined) rows.set(content, (rows.get(content) ?? 0) + 1);
  }
  return outcomes.map((outcome) => (rows.get(contentOf(outcome) ?? '') ?? 0) > PLACEHOLDER_ROWS);
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function definedOf<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
