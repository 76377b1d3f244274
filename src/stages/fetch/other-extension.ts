/** Which URL is tried in place of one whose file is not there, where lists of URLs have guessed the extension. */
import type { RowCode } from '../../row-codes.ts';

/** What a host says of a file that is not there. */
const MISSING: ReadonlySet<RowCode | undefined> = new Set<RowCode>(['http_404', 'http_410']);

/** Whether another extension may bring what this reply did not. */
export function isMissing(code: RowCode | undefined): boolean {
  return MISSING.has(code);
}

/**
 * The URL with the next extension of a list in place of its own: that of the last part of its path, whatever query
 * follows. The list's case is kept; the URL's own extension is left out.
 * @param tried - how many of the list have been looked at
 * @returns undefined where there is none left, or the URL has no extension; else also how many have been looked at now
 */
export function otherExtension(
  url: URL,
  extensions: readonly string[],
  tried: number,
): { readonly url: URL; readonly tried: number } | undefined {
  const [, own] = /\.([A-Za-z0-9]{1,16})$/.exec(url.pathname) ?? [];
  if (own === undefined) return undefined;
  const at = extensions.findIndex((extension, i) => i >= tried && bare(extension) !== own);
  if (at < 0) return undefined;
  const other = new URL(url);
  other.pathname = `${url.pathname.slice(0, -own.length)}${bare(extensions[at] as string)}`;
  return { url: other, tried: at + 1 };
}

function bare(extension: string): string {
  return extension.replace(/^\./, '');
}
