/**
 * URLs of the IIIF Image API, versions 2 and 3, for another size of the same picture. Pure.
 * Source: https://iiif.io/api/image/3.0/, sections 2, 4 and 5.
 */

const REGION = 'full|square|\\d+,\\d+,\\d+,\\d+|pct:[\\d.]+,[\\d.]+,[\\d.]+,[\\d.]+';
const SIZE = '\\^?(?:max|full|\\d+,|,\\d+|pct:[\\d.]+|!?\\d+,\\d+)';
/** `{service}/{region}/{size}/{rotation}/{quality}.{format}`; commas and `!` may be escaped. */
const IMAGE = new RegExp(
  `^(https?://.+/(?:${REGION}))/(${SIZE})/(!?\\d+(?:\\.\\d+)?/(?:default|native|color|gray|bitonal)\\.[a-z0-9]+)(\\?.*)?$`,
  'i',
);
const INFO = /^(https?:\/\/.+)\/info\.json(\?.*)?$/i;

/** What may not be to be had at the size asked for; the answers of servers that know the picture and not the size. */
export const SIZE_REFUSALS: ReadonlySet<string> = new Set(['http_400', 'http_404', 'http_500', 'http_501']);

/**
 * The URLs to ask one after the other in place of a URL of that API, the best first; undefined for any other URL.
 * @param size - as in such URLs (`!1024,1024`, `800,`, `pct:50`, `max`), or a number N for what fits into N times N
 */
export function iiifUrls(url: string, size: string): readonly [string, ...string[]] | undefined {
  const asked = /^\d+$/.test(size) ? `!${size},${size}` : size;
  const info = INFO.exec(url);
  if (info !== null) {
    const [, service = '', query = ''] = info;
    // Version 2 has `full` for what is `max` in version 3, and late releases of it both.
    const sizes = [...new Set([asked, 'max', 'full'])] as [string, ...string[]];
    return sizes.map((one) => `${service}/full/${one}/0/default.jpg${query}`) as [string, ...string[]];
  }
  const image = IMAGE.exec(/%2c|%21|%3a|%5e/i.test(url) ? unescaped(url) : url);
  if (image === null) return undefined;
  const [, before = '', , behind = '', query = ''] = image;
  const sized = `${before}/${asked}/${behind}${query}`;
  return sized === url ? [url] : [sized, url];
}

const ESCAPED: Readonly<Record<string, string>> = { '%2c': ',', '%21': '!', '%3a': ':', '%5e': '^' };

/** Of the last four parts: an identifier before them may need its escapes. */
function unescaped(url: string): string {
  const parts = url.split('/');
  const at = Math.max(0, parts.length - 4);
  const last = parts
    .splice(at)
    .map((part) => part.replace(/%2c|%21|%3a|%5e/gi, (text) => ESCAPED[text.toLowerCase()] ?? text));
  return [...parts, ...last].join('/');
}
