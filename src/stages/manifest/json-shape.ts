/**
 * What of a JSON text its rows are: people keep lists of URLs as rows, and as what their tools make of a table. Told by
 * the tokens of its first bytes; see reshape-json.ts for what becomes of each.
 */
import { isUrlText } from './guess-url.ts';
import { skeleton, type Value } from './json-skeleton.ts';

export type JsonShape =
  /** An array of rows, or rows one after the other. */
  | { readonly kind: 'rows' }
  /** `{"a.jpg": "http://...", ...}`. */
  | { readonly kind: 'paths' }
  /** `{"0": {row}, "1": {row}}`: pandas' orient index, and lists by name. */
  | { readonly kind: 'named rows' }
  /** `{"url": {"0": ...}, "n": {"0": ...}}`: pandas' default. */
  | { readonly kind: 'columns' }
  /** `{"url": [...], "n": [...]}`: a table by columns; or URLs by what they show, `{"cat": [...], "dog": [...]}`. */
  | { readonly kind: 'lists' }
  /** `{"columns": [...], "index": [...], "data": [[...], ...]}`: pandas' orient split. */
  | { readonly kind: 'split'; readonly names: readonly string[] }
  /** `{"info": ..., "images": [{row}, ...]}`: COCO, RedCaps, pandas' orient table. A dotted path, or given as one. */
  | { readonly kind: 'member'; readonly path: string; readonly isGiven: boolean }
  /** The same where that member is far behind the beginning: the first list whose objects have URLs. */
  | { readonly kind: 'search' }
  /** GeoJSON: a collection of features, or features one after the other. */
  | { readonly kind: 'features'; readonly isCollection: boolean }
  /** `[[...], [...]]`, or lines of arrays; with names where the first one is a header. */
  | { readonly kind: 'arrays'; readonly names: readonly string[] | undefined; readonly isSequence: boolean };

/** Members that hold what a file is about, before others that are arrays of objects as well. */
const TELLING = ['images', 'annotations', 'data', 'rows', 'items', 'records', 'results', 'photos'];
/** Names under which a row has its URL: an object with one is a row. */
const URL_KEY = /^(?:.*ur[il]s?|(?:.*[_-])?(?:link|href|src|image|photo|media|picture|thumb\w*|source))$/i;
/** Lists that have URLs, of something else. */
const NOT_ROWS = /(?:^|\.)(?:licen[cs]es?|info|contributors?|authors?|sources?|links)$/i;
/** An object of so many URLs is no row, whatever they are called. */
const MANY = 20;

const ROWS: JsonShape = { kind: 'rows' };

/**
 * @param isWhole - `head` is all of the text, and not its first characters
 * @returns undefined where they do not tell: they are one object that goes on, without a URL so far
 */
export function shapeOf(head: string, isWhole: boolean): JsonShape | undefined {
  const { first, count, isOpen } = skeleton(head);
  if (first === undefined) return ROWS;
  const isAll = isWhole || !isOpen;
  const shape = shapeOfFirst(first, count, isAll);
  const isTold = isAll || count > 1 || first.kind !== 'object' || hasUrl(first);
  return shape.kind === 'rows' && !isTold ? undefined : shape;
}

function shapeOfFirst(first: Value, count: number, isWhole: boolean): JsonShape {
  if (count > 1) return shapeOfSequence(first);
  return first.kind === 'array' ? shapeOfArray(first) : shapeOfObject(first, isWhole);
}

/** Whether a member of an object is where its row has a URL. */
export function isUrlMember(key: string, text: string): boolean {
  return isUrlText(text) || (URL_KEY.test(key) && text.includes('/'));
}

/** Whether a key is one under which a row has its URL. */
export function isUrlKey(key: string): boolean {
  return URL_KEY.test(key);
}

/** Whether a list of that path is one that has URLs, and no rows. */
export function isNoRows(path: string): boolean {
  return NOT_ROWS.test(path);
}

function hasUrl({ items }: Value): boolean {
  return items.some(({ text }) => isUrlText(text));
}

function shapeOfSequence(first: Value): JsonShape {
  if (isFeature(first)) return { kind: 'features', isCollection: false };
  if (first.kind !== 'array' || first.items.some(({ kind }) => kind === 'object' || kind === 'array')) return ROWS;
  return { kind: 'arrays', names: isHeader(first, undefined) ? textsOf(first) : undefined, isSequence: true };
}

function shapeOfArray({ items }: Value): JsonShape {
  const [header, row] = items;
  if (header?.kind !== 'array') return ROWS;
  return { kind: 'arrays', names: isHeader(header, row) ? textsOf(header) : undefined, isSequence: false };
}

function isHeader({ items }: Value, row: Value | undefined): boolean {
  return (
    items.every(({ kind, text }) => kind === 'string' && !isUrlText(text)) &&
    (row === undefined || row.items.some(({ text }) => isUrlText(text)))
  );
}

function textsOf({ items }: Value): string[] {
  return items.map(({ text }) => text);
}

function isFeature(value: Value): boolean {
  return member(value, 'type')?.text === 'Feature' && value.keys.includes('properties');
}

function shapeOfObject(value: Value, isWhole: boolean): JsonShape {
  const { keys, items } = value;
  if (member(value, 'type')?.text === 'FeatureCollection') return { kind: 'features', isCollection: true };
  const [columns, data] = [member(value, 'columns'), member(value, 'data')];
  if (columns?.kind === 'array' && (data === undefined || data.items[0]?.kind === 'array'))
    if (columns.items.every(({ kind }) => kind === 'string')) return { kind: 'split', names: textsOf(columns) };
  const isRow = keys.some((key, i) => URL_KEY.test(key) && isUrlText(items[i]?.text ?? ''));
  const list = isRow ? undefined : shapeOfLists(value, isWhole);
  if (list !== undefined) return list;
  if (items.length > 0 && items.every(({ kind }) => kind === 'object')) return shapeOfObjects(keys, items) ?? ROWS;
  if (!isRow && items.some((item) => item.kind === 'array' && isUrlColumn(item))) return { kind: 'lists' };
  // Some have no URL yet.
  const urls = items.filter(({ text }) => isUrlText(text)).length;
  const isPaths = urls * 2 > items.length && items.every(({ kind }) => kind === 'string' || kind === 'other');
  return isPaths && (urls > MANY || !keys.some((key) => URL_KEY.test(key))) ? { kind: 'paths' } : ROWS;
}

/** Which of an object's lists its rows are: one with URLs, wherever it is, or another one. */
function shapeOfLists(value: Value, isWhole: boolean): JsonShape | undefined {
  const lists = [...listsIn(value, '')];
  const withUrls = lists.filter(({ path, list }) => !isNoRows(path) && hasUrlRow(list));
  const top = lists.filter(({ path }) => value.keys.includes(path));
  const among = withUrls.length > 0 ? withUrls : top;
  const told = TELLING.map((name) => among.find(({ path }) => path === name)).find((found) => found !== undefined);
  const chosen = told ?? among[0];
  if (chosen === undefined) return undefined;
  return withUrls.length > 0 || isWhole ? { kind: 'member', path: chosen.path, isGiven: false } : { kind: 'search' };
}

function* listsIn({ keys, items }: Value, within: string): Generator<{ path: string; list: Value }> {
  for (const [i, item] of items.entries()) {
    const path = `${within}${keys[i]}`;
    if (item.kind === 'object') yield* listsIn(item, `${path}.`);
    else if (item.kind === 'array' && item.items[0]?.kind === 'object') yield { path, list: item };
  }
}

function hasUrlRow({ items }: Value): boolean {
  return items.some((row) => row.keys.some((key, i) => isUrlMember(key, row.items[i]?.text ?? '')));
}

function isUrlColumn({ items }: Value): boolean {
  return items.length > 0 && items.filter(({ text }) => isUrlText(text)).length * 2 > items.length;
}

function shapeOfObjects(keys: readonly string[], items: readonly Value[]): JsonShape | undefined {
  const [first, second] = items as [Value, Value | undefined];
  // Of one row, whose name is a number; what has a name may be part of a row.
  if (items.length === 1 && /^\d+$/.test(keys[0] ?? '') && hasUrl(first)) return { kind: 'named rows' };
  const isNumbered = areNumbers(first.keys);
  // A row has its URL under the same key as the next one; a column has nothing but URLs, and another one has none.
  const isRows =
    items.length > 1 && first.keys.some((key, i) => isUrlText(first.items[i]?.text ?? '') && has(second, key));
  if (isRows && areNumbers(keys) && !isNumbered) return { kind: 'named rows' };
  const isColumn = ({ items: own }: Value): boolean => own.length > 0 && own.every(({ text }) => isUrlText(text));
  const columns = items.filter(isColumn).length;
  if (isNumbered || (columns > 0 && (columns < items.length || keys.some((key) => URL_KEY.test(key)))))
    return { kind: 'columns' };
  return isRows && items.some(hasUrl) ? { kind: 'named rows' } : undefined;
}

function areNumbers(keys: readonly string[]): boolean {
  return keys.length > 0 && keys.every((key) => /^\d+$/.test(key));
}

function member({ keys, items }: Value, name: string): Value | undefined {
  return items[keys.indexOf(name)];
}

function has(value: Value | undefined, key: string): boolean {
  return value !== undefined && isUrlText(member(value, key)?.text ?? '');
}
