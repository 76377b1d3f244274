/** What is wrong with a URL that cannot be requested, as one of a few kinds. */
import { hostOf, INVALID_HOST, isStored, parseHttpUrl, parseUrl, unsupportedScheme } from '../host/host.ts';
import { badRowReason } from '../record.ts';

/** What is wrong with a URL that cannot be requested, in words that people understand. */
export const BAD_URL_KINDS = {
  missing: 'null or empty',
  unread: 'of a row that cannot be read',
  no_scheme: 'no http:// or https:// in front',
  stored: 'in an object store, fetched with --allow-s3 only',
  other_scheme: 'neither http nor https',
  unparsable: 'cannot be parsed',
} as const;

export type BadUrlKind = keyof typeof BAD_URL_KINDS;

/**
 * The kind of a bad URL, or undefined for one that can be requested. `other_scheme` and `stored` end a row of a run as
 * `unsupported_scheme`, the others as `invalid_url`.
 */
export function badUrlKind(url: string | null, allowS3 = false): BadUrlKind | undefined {
  if (url === null || url.trim() === '') return 'missing';
  if (parseHttpUrl(url) !== undefined) return undefined;
  if (badRowReason(url) !== undefined) return 'unread';
  if (isStored(url)) {
    if (!allowS3) return 'stored';
    return hostOf(url) === INVALID_HOST ? 'unparsable' : undefined;
  }
  const text = url.trim();
  const scheme = unsupportedScheme(text);
  // `example.org:80/a.jpg` and `C:\a.jpg` have schemes that nobody has: a dot or a single letter gives them away.
  if (scheme !== undefined && scheme.length > 1 && !scheme.includes('.')) return 'other_scheme';
  return !/^https?:/i.test(text) && lacksScheme(text) ? 'no_scheme' : 'unparsable';
}

/** `www.example.org/a.jpg` and `//example.org/a.jpg`: a URL but for its beginning. */
function lacksScheme(text: string): boolean {
  const rest = text.replace(/^\/\//, '');
  return /^[^/.]/.test(rest) && parseUrl(`http://${rest}`)?.hostname.includes('.') === true;
}
