/**
 * Text that is not ours, such as URLs, captions, paths and values of flags, without the secrets that URLs in it hold:
 * users and passwords, and queries, which may be signatures. The one place where that is done, for all that is
 * published or said. Linear in the text.
 */

/** Without users and passwords. What has none is returned as it is, byte by byte. */
export function withoutUsers(text: string): string {
  // Nearly no text has an @, so nearly all cost a look for it.
  if (!text.includes('@')) return text;
  const own = isUrl(text) ? withoutOwnUser(text) : text;
  const isOne = !/\s/.test(own);
  return own.replace(/\S+/g, (word) => (word.includes('@') ? withoutUsersIn(word, isOne) : word));
}

/** Without the queries of URLs; fragments stay. In an object store `?` is a part of the key, which stays as well. */
export function withoutQueries(text: string): string {
  if (!text.includes('?')) return text;
  if (STORE.test(text)) return withoutQueriesInKey(text);
  const own = isUrl(text) && !URL_WITHIN.test(text) ? text.replace(/\?[^#]*/, '') : text;
  return own.replace(/\S+/g, (word) => {
    const from = word.search(/:[/\\]/);
    const store = from >= 0 ? word.slice(0, from).search(STORE_SCHEME) : -1;
    if (store >= 0) return word.slice(0, store) + withoutQueriesInKey(word.slice(store));
    if (from >= 0) return word.slice(0, from) + word.slice(from).replace(/\?[^#"'<>]*/g, '');
    return word.includes('?') ? word.replace(/\?[\w.~%-]{1,100}=[^#"'<>]*/, '') : word;
  });
}

/** What no key is called by its owner: a link that was signed. */
const SIGNED = /[?&](x-amz-|x-goog-|awsaccesskeyid=|googleaccessid=|signature=)/i;
/** A URL of an object store, alone or after spaces. */
const STORE = /^\s*(s3|gs):\/\//i;
const STORE_SCHEME = /(?<![a-z0-9+.-])(s3|gs)$/i;

/** @param text - begins with a URL of an object store; URLs of the web within it lose their queries */
function withoutQueriesInKey(text: string): string {
  const within = text.search(/https?:[/\\]/i);
  const key = within < 0 ? text : text.slice(0, within);
  if (SIGNED.test(key)) return text.replace(/\?[^#"'<>]*/g, '');
  return within < 0 ? text : key + withoutQueries(text.slice(within));
}

/** As messages say it. */
export function withoutSecrets(text: string): string {
  return withoutQueries(withoutUsers(text));
}

/** As a browser reads it: what stands before it and line breaks within do not count. */
function isUrl(text: string): boolean {
  return URL_START.test(text);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: URLs are read without them
const URL_START = /^[\u0000-\u0020]*(h[\t\r\n]*t[\t\r\n]*t[\t\r\n]*p[\t\r\n]*s?[\t\r\n]*:|[a-z][a-z0-9+.-]*:[/\\])/i;
/** Words behind a URL, another URL among them. */
const URL_WITHIN = /\s[^\s:]*:[/\\]/;

/** Everything else stays as it was written, unless only the standard's own reading finds the user. */
function withoutOwnUser(text: string): string {
  const plain = text.replace(/^([^:]*:[/\\]*)[^/\\?#]*@/, '$1');
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (parsed === undefined) return plain;
  if (parsed.username === '' && parsed.password === '') return text;
  parsed.username = '';
  parsed.password = '';
  return URL.canParse(plain) && new URL(plain).href === parsed.href ? plain : parsed.href;
}

/** Slashes and what stands behind them, where URLs have their host. */
const AUTHORITY = /([/\\]{2,})([^/\\?#"<>]*)/g;
/** A host that may stand there: its port is a number. Something else behind a colon is half of a password. */
const HOST = /^(\[[^\]]*\]|[^:]*)(:\d{0,5})?$/;
/** `user:password@host/` as people write it who leave the scheme away. */
const BARE = /^([("'<[{]*)([^:/\\@?#"'<>]+):[^@/\\]*@(?=[\w.-]+(:\d|[/?#])|\[)/;
const BARE_ALONE = /^()([^:/\\@?#"'<>]+):[^@/\\]*@(?=[\w.-]+$)/;
/** What stands before a colon and is no user. */
const SCHEMES: ReadonlySet<string> = new Set(['mailto', 'sip', 'sips', 'xmpp', 'acct', 'im', 'news', 'cid', 'mid']);

/** @param isAlone - whether the word is the whole text */
function withoutUsersIn(word: string, isAlone: boolean): string {
  const lastAt = word.lastIndexOf('@');
  let shown = '';
  let from = 0;
  for (const match of word.matchAll(AUTHORITY)) {
    const [, slashes = '', authority = ''] = match;
    const start = match.index + slashes.length;
    const end = start + authority.length;
    const at = authority.lastIndexOf('@');
    const isHalf = at < 0 && lastAt > end && !HOST.test(authority);
    if (at < 0 && !isHalf) continue;
    shown += word.slice(from, start);
    from = isHalf ? lastAt + 1 : start + at + 1;
    if (isHalf) break;
  }
  shown += word.slice(from);
  const bare = BARE.exec(shown) ?? (isAlone ? BARE_ALONE.exec(shown) : null);
  if (bare === null || SCHEMES.has((bare[2] as string).toLowerCase())) return shown;
  return (bare[1] as string) + shown.slice(bare[0].length);
}
