/**
 * Cookies along one row's redirects, as RFC 6265 has it: back to the hosts, paths and schemes that they were set for,
 * to no other site, and forgotten with the row. Few and small, whatever a host sends.
 */
import type { CookieJar } from 'tough-cookie';

/** What RFC 6265 asks to be kept at least is 50 of 4,096 bytes each; beside it a head of usual size must hold them. */
const MAX_COOKIES = 50;
const MAX_COOKIE_BYTES = 4096;
const MAX_HEADER_BYTES = 8192;

/** Loaded when the first cookie comes, which most runs never see. */
let Jar: typeof CookieJar | undefined;

/** @returns what to wait for before the first RowCookies; undefined once it is there */
export function loadCookies(): Promise<void> | undefined {
  if (Jar !== undefined) return undefined;
  return import('tough-cookie').then((library) => {
    Jar = library.CookieJar;
  });
}

export class RowCookies {
  readonly #jar = new (Jar as typeof CookieJar)();
  #taken = 0;

  /** @param lines - values of Set-Cookie; those that break a rule are left out */
  take(lines: readonly string[], from: URL): void {
    for (const line of lines) {
      if (line.length > MAX_COOKIE_BYTES || this.#taken >= MAX_COOKIES) continue;
      this.#taken += 1;
      this.#jar.setCookieSync(line, from.href, { ignoreError: true });
    }
  }

  /**
   * @param own - a Cookie header of the user's; a cookie of the same name takes the place of one in it
   * @returns the Cookie header of a request; undefined for none
   */
  headerFor(url: URL, own: string | undefined): string | undefined {
    const kept = this.#jar.getCookiesSync(url.href).map((cookie) => cookie.cookieString());
    const names = new Set(kept.map(nameOf));
    const given = (own ?? '').split(/;\s*/).filter((pair) => pair !== '' && !names.has(nameOf(pair)));
    let header = given.join('; ');
    for (const pair of kept) {
      const longer = header === '' ? pair : `${header}; ${pair}`;
      if (longer.length <= MAX_HEADER_BYTES) header = longer;
    }
    return header === '' ? undefined : header;
  }
}

function nameOf(pair: string): string {
  return pair.split('=', 1)[0] as string;
}
