/** Where a redirect leads: to another URL, or to the end of its row. Pure. */
import { parseUrl } from '../../../host/host.ts';
import type { AttemptEnd } from './attempt-terms.ts';

export type Turn =
  | { readonly ok: true; readonly url: URL }
  | { readonly ok: false; readonly code: 'too_many_redirects' | 'bad_redirect'; readonly message: string };

/**
 * @param from - what a relative Location is relative to
 * @param hops - how many redirects the row has followed
 */
export function redirectOf(
  { location, status }: AttemptEnd & { kind: 'redirect' },
  from: URL,
  hops: number,
  maxRedirects: number,
): Turn {
  if (hops >= maxRedirects)
    return { ok: false, code: 'too_many_redirects', message: `more than ${maxRedirects} redirects` };
  const url = location === undefined ? undefined : parseUrl(location, from.href);
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.hostname !== '') return { ok: true, url };
  const where = location === undefined ? 'nowhere' : 'an unusable Location';
  return { ok: false, code: 'bad_redirect', message: `HTTP status ${status} to ${where}` };
}
