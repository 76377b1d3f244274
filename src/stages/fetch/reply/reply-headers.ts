/** What a reply's status line and headers alone say: whether its body is wanted, and what to remember of it. */
import type { AnnouncedBody } from '../../../record.ts';
import type { RowCode } from '../../../row-codes.ts';
import { isEncoded } from './content-encoding.ts';
import { retryAfterMs } from './retry-after.ts';
import { robotsOptOut } from './robots-tag.ts';

export type RawHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface ReplyHeaders {
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly etag?: string;
  readonly lastModified?: string;
}

/** A reply whose body is of no interest. */
export type UnwantedReply =
  | { readonly kind: 'redirect'; readonly status: number; readonly location: string | undefined }
  | { readonly kind: 'headers'; readonly status: number; readonly announced: AnnouncedBody }
  | {
      readonly kind: 'failed';
      readonly code: RowCode;
      readonly message: string;
      readonly status: number;
      readonly retryAfterMs?: number;
    };

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * @param robotsTags - X-Robots-Tag directives to honour
 * @returns undefined when the body is wanted
 */
export function judgeReply(
  status: number,
  headers: RawHeaders,
  robotsTags: readonly string[],
  wallMs: number,
): UnwantedReply | undefined {
  if (REDIRECTS.has(status)) return { kind: 'redirect', status, location: utf8(single(headers.location)) };
  if (status >= 300) {
    const after = status === 429 || status === 503 ? retryAfterMs(single(headers['retry-after']), wallMs) : undefined;
    const failed = { kind: 'failed', code: `http_${status}`, message: `HTTP status ${status}`, status } as const;
    return after === undefined ? failed : { ...failed, retryAfterMs: after };
  }
  const directive = robotsOptOut(headers['x-robots-tag'], robotsTags);
  if (directive !== undefined)
    return { kind: 'failed', code: 'robots_tag', message: `X-Robots-Tag: ${directive}`, status };
  if (status === 204 || status === 205)
    return { kind: 'failed', code: 'empty_body', message: `HTTP status ${status}`, status };
  return undefined;
}

export function replyHeaders(headers: RawHeaders): ReplyHeaders {
  const contentType = single(headers['content-type']);
  const contentEncoding = single(headers['content-encoding']);
  const etag = single(headers.etag);
  const lastModified = single(headers['last-modified']);
  return {
    ...(contentType === undefined ? {} : { contentType }),
    ...(isEncoded(contentEncoding) ? { contentEncoding } : {}),
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
  };
}

/** Bytes on the wire, if the reply says. */
export function contentLength(headers: RawHeaders): number | undefined {
  const text = single(headers['content-length']);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** What the headers tell of a body that nobody will read. */
export function announcedBody(status: number, headers: RawHeaders): AnnouncedBody {
  const { contentType, contentEncoding } = replyHeaders(headers);
  const total = status === 206 ? /\/(\d+)\s*$/.exec(single(headers['content-range']) ?? '')?.[1] : undefined;
  const whole = status === 206 ? undefined : contentLength(headers);
  const bytes = contentEncoding !== undefined ? undefined : total === undefined ? whole : Number(total);
  return {
    ...(bytes === undefined ? {} : { bytes }),
    ...(contentType === undefined ? {} : { contentType: (contentType.split(';')[0] as string).trim().toLowerCase() }),
  };
}

/** A repeated header arrives as an array; the first value counts, as for fetch. */
function single(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}

/** undici hands over header bytes as latin1; a Location in UTF-8 is common and must survive. */
function utf8(value: string | undefined): string | undefined {
  if (value === undefined || !/[\u0080-\u00ff]/.test(value)) return value;
  const text = Buffer.from(value, 'latin1').toString('utf8');
  return text.includes('\ufffd') ? value : text;
}
