/** How a row ends: what of it is told to whoever asked for it. */
import type { KeptRow } from '../../dataset/outcome-rows.ts';
import { hostOf, INVALID_HOST, unsupportedScheme } from '../../host/host.ts';
import { type AnnouncedBody, badRowReason } from '../../record.ts';
import { type RowCode, statusOf } from '../../row-codes.ts';
import type { AcceptedBody } from './reply/accept-body.ts';
import type { Timing } from './reply/attempt-terms.ts';
import type { CollectedBody } from './reply/body-collector.ts';

/** How a row ended, without the row: the caller adds its own. Every field is there, so that all have one shape. */
export interface RowEnd {
  readonly status: 'fetched' | 'failed' | 'skipped';
  readonly code: RowCode | undefined;
  readonly message: string | undefined;
  readonly host: string;
  readonly accepted: AcceptedBody | undefined;
  /** The body, with the memory or file that it holds until it is released. */
  readonly held: CollectedBody | undefined;
  readonly httpStatus: number | undefined;
  readonly timing: Timing | undefined;
  readonly attempts: number;
  /** Time from the row's arrival to its sends, pauses between attempts included; absent when it was never queued. */
  readonly queueMs: number | undefined;
  readonly finalUrl: string | undefined;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  /** Wall clock, ms; absent for rows that end now. */
  readonly fetchedAtMs: number | undefined;
  /** Of a request for headers only: what they tell of the body. */
  readonly announced: AnnouncedBody | undefined;
}

/** How a row ends that was never sent, or is stopped from outside. */
export function unsentEnd(code: RowCode, message: string, host: string, attempts: number): RowEnd {
  return { ...NOTHING, status: statusOf(code), code, message, host, attempts };
}

/** Every field is there, so that all ends have one shape. */
export const NOTHING = {
  code: undefined,
  message: undefined,
  accepted: undefined,
  held: undefined,
  httpStatus: undefined,
  timing: undefined,
  queueMs: undefined,
  finalUrl: undefined,
  etag: undefined,
  lastModified: undefined,
  fetchedAtMs: undefined,
  announced: undefined,
} as const;

/** How a row ended in an earlier run. @param held - its body, where it was stored */
export function keptEnd(kept: KeptRow, held: CollectedBody | undefined): RowEnd {
  const { status, host, httpStatus, attempts, finalUrl, etag, lastModified, fetchedAtMs, bytes, headersMs } = kept;
  const { contentType = '', sha256, width, height, name = '', flags } = kept;
  const extension = name.slice(name.lastIndexOf('.') + 1);
  return {
    ...NOTHING,
    ...{ status, host, httpStatus, attempts, finalUrl, etag, lastModified, fetchedAtMs, held },
    code: kept.code as RowCode | undefined,
    message: kept.message,
    accepted: held && { contentType, extension, sha256, hashMs: 0, width, height, flags },
    timing: headersMs === undefined ? undefined : { headersMs, serviceMs: kept.totalMs ?? headersMs, bytes },
  };
}

/** How a row ends whose URL cannot be requested at all. */
export function refusedUrl(url: string): RowEnd {
  const unread = badRowReason(url);
  if (unread !== undefined) return unsentEnd('bad_row', unread, INVALID_HOST, 0);
  const scheme = unsupportedScheme(url);
  const fix = scheme === 's3' || scheme === 'gs' ? 'are fetched with --allow-s3 only' : 'cannot be fetched';
  if (scheme !== undefined) return unsentEnd('unsupported_scheme', `${scheme}: URLs ${fix}`, hostOf(url), 0);
  return unsentEnd(
    'invalid_url',
    url === '' ? 'the URL is empty or no text' : 'the URL cannot be parsed',
    hostOf(url),
    0,
  );
}
