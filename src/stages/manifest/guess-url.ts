/** Which column holds the URLs of files, by its name and a few of its values: several columns may hold links. */

/** Names that mean it, best first; compared without case, spaces, `_`, `-` and `.`. */
const NAMES: readonly string[] = [
  'url',
  'imageurl',
  'photourl',
  'imgurl',
  'pictureurl',
  'mediaurl',
  'fileurl',
  'downloadurl',
  'contenturl',
  'urls',
  'imageuri',
  'uri',
];
/** Names that hold URLs in some manifests and something else in others: the values decide. */
const PERHAPS: readonly string[] = [
  'identifier',
  'image',
  'photo',
  'picture',
  'media',
  'link',
  'href',
  'src',
  'source',
  'file',
  'path',
];
/** Parts of names that speak of a link, of a page about the file, of the file itself, of a small copy. */
const LINK = /ur[il]|link|href|src/;
const PAGE = /page|landing|website|profile|licen[cs]e|rights|references|creator|author|user|source|occurrence/;
const FILE = /image|img|photo|jpe?g|media|file|download|original|full|large|access|content/;
const SMALL = /thumb|preview|small|icon|avatar/;

const BEGINS_AS_URL = /^\s*(?:https?|s3|gs):\/\//i;
const IMAGE_ENDING = /\.(?:jpe?g|png|gif|webp|tiff?|bmp|avif|heic|jp2|mp[34]|m4[av]|mov|webm|wav|ogg|flac)$/i;
/** Flickr's sizes, the original first. */
const SIZES = ['o', 'k', 'h', 'b', 'l', 'c', 'z', 'm', 'n', 'w', 'q', 's', 't', 'sq'];

/**
 * How much each of these speaks for a column. Chosen: an image ending of all values outweighs the best name, and a value
 * that is the same in all rows outweighs both.
 */
const POINTS = {
  name: 100,
  rank: 3,
  link: 55,
  perhaps: 40,
  endings: 60,
  sameValue: -200,
  page: -30,
  file: 8,
  small: -15,
};
/** A column that comes so close to the best one is named beside it. */
const CLOSE = 60;

export interface UrlColumn {
  readonly name: string;
  /** Another one that may be meant. */
  readonly runnerUp?: string | undefined;
}

/** Whether names alone say which it is, so that nobody has to look at values. */
export function isToldByName(columns: readonly string[]): boolean {
  const links = columns.filter((name) => LINK.test(plain(name)) || PERHAPS.includes(plain(name)));
  return links.length === 1 && NAMES.includes(plain(links[0] as string));
}

/**
 * @param columns - those that hold text
 * @param values - a few of a column; none when nobody looked
 * @returns undefined when no column looks like URLs
 */
export function guessUrl(
  columns: readonly string[],
  values: (column: string) => readonly (string | null)[],
): UrlColumn | undefined {
  const ranked = columns
    .map((name, at) => ({ name, at, points: pointsOf(name, values(name)) }))
    .filter(({ points }) => points > 0)
    .sort((a, b) => b.points - a.points || a.at - b.at);
  const [best, second] = ranked;
  if (best === undefined) return undefined;
  const isClose = second !== undefined && best.points - second.points < CLOSE && hasUrls(values(second.name));
  return { name: best.name, runnerUp: isClose ? second.name : undefined };
}

export function isUrlText(text: string): boolean {
  return BEGINS_AS_URL.test(text);
}

function pointsOf(column: string, all: readonly (string | null)[]): number {
  // A header that is itself a URL is a row of a file without header.
  if (isUrlText(column)) return 0;
  const name = plain(column);
  const rank = rankOf(column, name);
  const given = all.filter((value) => value !== null && value.trim() !== '') as string[];
  if (given.length === 0) return rank < 0 ? 0 : POINTS.name - rank * POINTS.rank;
  const urls = given.filter(isUrlText);
  // Rows without a scheme may still be mended by whoever named the column so.
  if (urls.length === 0) return rank < 0 ? 0 : 1;
  let points = rank >= 0 ? POINTS.name - rank * POINTS.rank : PERHAPS.includes(name) ? POINTS.perhaps : 1;
  if (rank < 0 && LINK.test(name)) points = POINTS.link;
  if (FILE.test(name)) points += POINTS.file;
  if (PAGE.test(name) && !/imagesource|source(?:image|photo)/.test(name)) points += POINTS.page;
  if (SMALL.test(name)) points += POINTS.small;
  points += (POINTS.endings * urls.filter(endsAsImage).length) / given.length;
  if (given.length > 1 && new Set(given).size === 1) points += POINTS.sameValue;
  return Math.max(points * (urls.length / given.length), 0.5);
}

/** Its path does, or a part of its query. */
function endsAsImage(url: string): boolean {
  return url
    .trimEnd()
    .split(/[?#]/)
    .some((part) => IMAGE_ENDING.test(part));
}

/** -1 for a name that says nothing by itself; `url_o` is a size, and no plural. */
function rankOf(column: string, name: string): number {
  const size = SIZES.indexOf(/^url_([a-z]{1,2})$/i.exec(column)?.[1]?.toLowerCase() ?? '');
  if (size >= 0) return NAMES.length + size;
  return name.endsWith('imageurl') ? NAMES.indexOf('imageurl') : NAMES.indexOf(name);
}

function hasUrls(values: readonly (string | null)[]): boolean {
  const urls = values.filter((value) => value !== null && isUrlText(value));
  return urls.length * 2 > values.length && new Set(urls).size > 1;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[\s_.-]/g, '');
}
