/** Inputs that are URLs: which they are, and how they are called where others read it. */
import { withoutQueries, withoutUsers } from '../without-secrets.ts';

export type Scheme = 's3' | 'gs' | 'http' | 'https';

/** The scheme of an input that is a URL; undefined for a path. A scheme in capitals is one as well. */
export function schemeOf(input: string): Scheme | undefined {
  return /^(s3|gs|https?):\/\//i.exec(input)?.[1]?.toLowerCase() as Scheme | undefined;
}

/** Parameters that sign or open something, by their names, and long values, whatever they are called. */
const SECRET_PARAMETER = /sig|token|key|secret|auth|credential|password|passwd|policy|session|expires/i;
const LONG_VALUE = 40;

/**
 * A URL as messages, records and columns have it: without user and password, and without its query if that holds
 * something that may be a signature or a token.
 */
export function shownUrl(url: string): string {
  const shown = withoutUsers(url);
  // In a store everything behind the bucket is the key.
  if (/^(s3|gs):/i.test(url)) return withoutQueries(shown);
  const [, before = shown, query] = /^([^?#]*)(?:\?([^#]*))?/.exec(shown) ?? [];
  if (query === undefined || query === '') return before;
  const isSecret = query
    .split('&')
    .map((parameter) => parameter.split('='))
    .some(([name = '', value = '']) => SECRET_PARAMETER.test(name) || value.length >= LONG_VALUE);
  return isSecret ? before : `${before}?${query}`;
}
