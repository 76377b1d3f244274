/** What a host's answer says about a sample that was stored before. Pure. */

import type { StoredRow } from '../dataset/latest/stored-rows.ts';
import type { RowResult } from '../record.ts';

/** `failed`: nothing is known of the file now, as of a host that is away, or that refuses us. */
export type Verdict = 'same' | 'changed' | 'gone' | 'failed';

/** The file is not there, for good or for now, or may not be shown to anybody: that is said, and by the host itself. */
const GONE: ReadonlySet<string> = new Set(['http_404', 'http_410', 'http_451']);

/** Of a header that is sent back: one line of what a header may hold. */
const HEADER = /^[\t\x20-\x7e\x80-\xff]+$/;

/** The headers by which a host can say "not modified", as far as it gave what they need. */
export function conditionsOf({ etag, lastModified }: StoredRow): Readonly<Record<string, string>> {
  const conditions: Record<string, string> = {};
  if (etag !== undefined && HEADER.test(etag)) conditions['if-none-match'] = etag;
  if (lastModified !== undefined && HEADER.test(lastModified)) conditions['if-modified-since'] = lastModified;
  return conditions;
}

/**
 * @param answer - of a request with `conditionsOf(stored)`. A whole body counts by its sha256; in a dataset without
 * hashes by its entity tag, and where that is no help by its size.
 */
export function verdictOf(
  stored: StoredRow,
  answer: Pick<RowResult<unknown>, 'status' | 'code' | 'sha256' | 'etag' | 'bytes'>,
): Verdict {
  if (answer.status === 'fetched') return isSame(stored, answer) ? 'same' : 'changed';
  // Nobody may say so who was not asked.
  if (answer.code === 'http_304') return Object.keys(conditionsOf(stored)).length > 0 ? 'same' : 'failed';
  return GONE.has(answer.code ?? '') ? 'gone' : 'failed';
}

function isSame(stored: StoredRow, { sha256, etag, bytes }: Pick<RowResult<unknown>, 'sha256' | 'etag' | 'bytes'>) {
  if (stored.sha256 !== undefined && sha256 !== undefined) return stored.sha256 === sha256;
  if (stored.etag !== undefined && etag !== undefined) return stored.etag === etag;
  return stored.bytes === bytes;
}
