/** What a reply's status line and headers alone say: whether its body is wanted, and what to remember of it. */
import type { AnnouncedBody } from '../../../record.ts';
import type { RowCode } from '../../../row-codes.ts';
import { READ_HEADERS, SET_COOKIE } from '../connect/header-names.ts';
import { isEncoded } from './content-encoding.ts';
import { notTheFile, promisedBytes } from './whole-file.ts';

export type RawHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface ReplyHeaders {
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

/** How many bytes an unasked 206 must bring to be the file; undefined for other replies. */
export function partBytes(status: number, headers: RawHeaders, isPartAsked: boolean): number | undefined {
  return status === 206 && !isPartAsked ? promisedBytes(single(headers['content-range'])) : undefined;
}

/** By the length of their names: all others are not even decoded. */
const BY_LENGTH: readonly (readonly string[] | undefined)[] = READ_HEADERS.reduce<string[][]>((byLength, name) => {
  byLength[name.length] = [...(byLength[name.length] ?? []), name];
  return byLength;
}, []);

/**
 * The headers that count, out of a reply's raw ones: names and values in turn. Values are latin1; a header that stands
 * several times becomes a list.
 */
export function readHeaders(raw: readonly Buffer[]): RawHeaders {
  const headers: Record<string, string | string[]> = {};
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] as Buffer;
    const candidates = BY_LENGTH[name.length];
    if (candidates === undefined) continue;
    const key = name.toString('latin1').toLowerCase();
    if (!candidates.includes(key)) continue;
    const value = (raw[at + 1] as Buffer).toString('latin1');
    const before = headers[key];
    if (before === undefined) headers[key] = value;
    else if (typeof before === 'string') headers[key] = [before, value];
    else before.push(value);
  }
  return headers;
}

/** Values of all Set-Cookie headers, as bytes of latin1. */
function setCookies(raw: readonly Buffer[]): readonly string[] | undefined {
  let found: string[] | undefined;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] as Buffer;
    if (name.length !== SET_COOKIE.length || name.toString('latin1').toLowerCase() !== SET_COOKIE) continue;
    found ??= [];
    found.push((raw[at + 1] as Buffer).toString('latin1'));
  }
  return found;
}

/** A reply whose body is of no interest. */
export type UnwantedReply =
  | {
      readonly kind: 'redirect';
      readonly status: number;
      readonly location: string | undefined;
      /** Set-Cookie, where it is kept for the next request of the row. */
      readonly cookies?: readonly string[] | undefined;
    }
  | { readonly kind: 'headers'; readonly status: number; readonly announced: AnnouncedBody }
  | {
      readonly kind: 'failed';
      readonly code: RowCode;
      readonly message: string;
      readonly status: number;
      readonly retryAfterMs?: number | undefined;
    };

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * @param robotsTags - X-Robots-Tag directives to honour
 * @param isPartAsked - the request had a Range
 * @param raw - all headers, where cookies are kept
 * @returns undefined when the body is wanted
 */
export function judgeReply(
  status: number,
  headers: RawHeaders,
  robotsTags: readonly string[],
  wallMs: number,
  isPartAsked: boolean,
  raw: readonly Buffer[],
): UnwantedReply | undefined {
  if (REDIRECTS.has(status))
    return { kind: 'redirect', status, location: utf8(single(headers.location)), cookies: setCookies(raw) };
  if (status >= 300) {
    // Whatever the status: who says when to come back does not say what became of the file.
    const after = status >= 400 ? retryAfterMs(single(headers['retry-after']), wallMs) : undefined;
    return { kind: 'failed', code: `http_${status}`, message: `HTTP status ${status}`, status, retryAfterMs: after };
  }
  const directive = robotsOptOut(headers['x-robots-tag'], robotsTags);
  if (directive !== undefined)
    return { kind: 'failed', code: 'robots_tag', message: `X-Robots-Tag: ${directive}`, status };
  const part =
    status === 206 && !isPartAsked
      ? { range: single(headers['content-range']), bodyBytes: contentLength(headers) }
      : undefined;
  const flaw = notTheFile(status, headers['transfer-encoding'], part);
  return flaw === undefined ? undefined : { kind: 'failed', ...flaw, status };
}

export function replyHeaders(headers: RawHeaders): ReplyHeaders {
  const contentEncoding = single(headers['content-encoding']);
  return {
    contentType: single(headers['content-type']),
    contentEncoding: isEncoded(contentEncoding) ? contentEncoding : undefined,
    etag: single(headers.etag),
    lastModified: single(headers['last-modified']),
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

/**
 * Milliseconds to wait as asked by a `Retry-After` header, in either form of RFC 9110 10.2.3: delay in seconds
 * (fractions accepted, since some servers send them) or an HTTP-date.
 * @param wallMs - now, since a date is absolute
 * @returns any number from 0 to Infinity; undefined for a header that is missing or means nothing
 */
export function retryAfterMs(header: string | undefined, wallMs: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (!/^[A-Za-z]/.test(text)) return undefined;
  const date = Date.parse(text);
  if (Number.isNaN(date)) return undefined;
  return Math.max(0, date - wallMs);
}

/**
 * Whether an `X-Robots-Tag` reply header opts this resource out. A directive may be addressed to one crawler
 * (`googlebot: noindex`); those are not for us unless they name our own agent.
 * @param refused - directives to honour, lower case
 * @returns the directive that applies, or undefined
 * Source: Google's robots meta tag specification; noai and noimageai as used by img2dataset and DeviantArt.
 */
export function robotsOptOut(
  header: string | readonly string[] | undefined,
  refused: readonly string[],
): string | undefined {
  if (header === undefined || refused.length === 0) return undefined;
  for (const line of typeof header === 'string' ? [header] : header) {
    const found = lineOptOut(line, refused);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Directives that carry a value after a colon; whatever else stands before a colon is an agent. */
const VALUED: ReadonlySet<string> = new Set([
  'unavailable_after',
  'max-snippet',
  'max-image-preview',
  'max-video-preview',
]);

function lineOptOut(line: string, refused: readonly string[]): string | undefined {
  let agent = '';
  for (const part of line.toLowerCase().split(',')) {
    const [name = '', rest] = part.split(/:(.*)/s, 2).map((text) => text.trim());
    // A date after unavailable_after has commas and colons of its own; an agent's name has no space.
    const isAgent = rest !== undefined && !VALUED.has(name) && /^[\w*-]+$/.test(name);
    if (isAgent) agent = name;
    const directive = isAgent ? rest : name;
    if (agent !== '' && agent !== '*' && agent !== 'flow-dc') continue;
    if (refused.includes(directive)) return directive;
    // `none` is short for noindex and nofollow.
    if (directive === 'none' && refused.includes('noindex')) return directive;
  }
  return undefined;
}
