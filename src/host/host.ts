/** Which host a row belongs to: the partitioner groups by it, the fetch stage gates by it, and all must agree. */

/** Pseudo-host of rows whose URL cannot be fetched at all. */
export const INVALID_HOST = '!invalid';

/** What a name of a bucket looks like; `store-url.ts` says what is wrong with others. */
const STORED = /^\s*(s3|gs):\/\/([a-z0-9][a-z0-9._-]{1,61}[a-z0-9])(?:[/?#]|\s*$)/;
const STORED_SCHEME = /^\s*(s3|gs):/i;

/** Everything that cannot be part of a plain ASCII authority sends the URL through the full parser. */
const PLAIN = /^https?:\/\/([a-z0-9.-]+)(:\d+)?(?:[/?#]|$)/;

/**
 * Lower-case `host[:port]`, without the scheme's default port, IPv6 in brackets; `s3://bucket` and `gs://bucket` for
 * objects of a store, whose server only the machine that fetches them knows; `!invalid` for anything else. Surrounding
 * white space is ignored, as browsers do. Plain lower-case ASCII authorities skip the WHATWG parser: manifests have
 * little else.
 */
export function hostOf(url: string): string {
  const plain = PLAIN.exec(url);
  if (plain !== null) {
    const name = plain[1] as string;
    // Numbers may be IPv4 in disguise (0x7f.1, 2130706433), two dots or a dash at the edge may be refused: let the
    // parser decide.
    if (plain[2] === undefined && /^[a-z][a-z0-9-]*(\.[a-z0-9-]+)*\.[a-z]{2,}$/.test(name) && !name.includes('xn--'))
      return name;
  }
  return bucketOf(url) ?? parseHttpUrl(url)?.host ?? INVALID_HOST;
}

/** Whether a row is of an object store, at least by its scheme. */
export function isStored(url: string): boolean {
  return STORED_SCHEME.test(url);
}

/** `s3://bucket` of a URL of an object store. */
function bucketOf(url: string): string | undefined {
  const [, scheme, bucket] = isStored(url) ? (STORED.exec(url.replace(STORED_SCHEME, lowerCase)) ?? []) : [];
  return bucket === undefined || bucket.includes('..') ? undefined : `${scheme}://${bucket}`;
}

function lowerCase(text: string): string {
  return text.toLowerCase();
}

/** The scheme of a URL that is one but is not fetched: lower-case, neither http nor https; else undefined. */
export function unsupportedScheme(url: string): string | undefined {
  const scheme = /^\s*([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  const isOther = scheme !== undefined && scheme !== 'http' && scheme !== 'https' && parseUrl(url) !== undefined;
  return isOther ? scheme : undefined;
}

/** The URL if it can be fetched over http(s), else undefined. */
export function parseHttpUrl(url: string): URL | undefined {
  const parsed = parseUrl(url);
  if (parsed === undefined || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') || parsed.hostname === '')
    return undefined;
  return parsed;
}

/**
 * The URL, or undefined where the WHATWG parser refuses it. Once hot, `URL.canParse` of Node 20 takes a string with
 * letters above ASCII for damaged UTF-8 and refuses hosts such as bücher.example, so it is asked about ASCII only;
 * there it spares an exception, which is 70 times slower.
 */
export function parseUrl(url: string, base?: string): URL | undefined {
  if (isAscii(url) && !URL.canParse(url, base)) return undefined;
  try {
    return new URL(url, base);
  } catch {
    return undefined;
  }
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}
