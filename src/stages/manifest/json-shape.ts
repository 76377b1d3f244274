/**
 * What of a JSON text its rows are: people keep lists of URLs as rows, and as what their tools make of a table. Told by
 * the tokens of its first bytes; see reshape-json.ts for what becomes of each.
 */
import { jsonParser, type Token } from 'stream-json/parser.js';
import { isUrlText } from './guess-url.ts';

export type JsonShape =
  /** An array of rows, or rows one after the other. */
  | { readonly kind: 'rows' }
  /** `{"a.jpg": "http://...", ...}`. */
  | { readonly kind: 'paths' }
  /** `{"0": {row}, "1": {row}}`: pandas' orient index, and lists by name. */
  | { readonly kind: 'named rows' }
  /** `{"url": {"0": ...}, "n": {"0": ...}}`: pandas' default. */
  | { readonly kind: 'columns' }
  /** `{"columns": [...], "index": [...], "data": [[...], ...]}`: pandas' orient split. */
  | { readonly kind: 'split' }
  /** `{"info": ..., "images": [{row}, ...]}`: COCO, RedCaps, pandas' orient table. */
  | { readonly kind: 'member'; readonly name: string }
  /** `[[...], [...]]`; with names where the first one is a header. */
  | { readonly kind: 'arrays'; readonly names: readonly string[] | undefined };

/** Members that hold what a file is about, before others that are arrays of objects as well. */
const TELLING = ['images', 'annotations', 'data', 'rows', 'items', 'records', 'results', 'photos'];
/** Names under which a row has its URL: an object with one is a row. */
const URL_KEY = /^(?:.*ur[il]s?|(?:.*[_-])?(?:link|href|src|image|photo|media|picture|thumb\w*|source))$/i;
/** An object of so many URLs is no row, whatever they are called. */
const MANY = 20;
const MAX_MEMBERS = 200;

/** A value as far as it matters: what it is, and what is right inside of it. */
interface Value {
  readonly kind: 'object' | 'array' | 'string' | 'other';
  readonly text: string;
  readonly keys: string[];
  readonly items: Value[];
}

/** @param head - the first characters, or all of the text */
export function shapeOf(head: string): JsonShape {
  const { first, count } = skeleton(head);
  if (first === undefined || count > 1) return { kind: 'rows' };
  return first.kind === 'array' ? shapeOfArray(first) : shapeOfObject(first);
}

function shapeOfArray({ items }: Value): JsonShape {
  const [header, row] = items;
  if (header?.kind !== 'array') return { kind: 'rows' };
  const isHeader =
    header.items.every(({ kind, text }) => kind === 'string' && !isUrlText(text)) &&
    (row === undefined || row.items.some(({ text }) => isUrlText(text)));
  return { kind: 'arrays', names: isHeader ? header.items.map(({ text }) => text) : undefined };
}

function shapeOfObject({ keys, items }: Value): JsonShape {
  const rows: JsonShape = { kind: 'rows' };
  const at = (name: string): Value | undefined => items[keys.indexOf(name)];
  if (at('columns')?.kind === 'array' && (at('data') === undefined || at('data')?.items[0]?.kind === 'array'))
    if (at('columns')?.items.every(({ kind }) => kind === 'string')) return { kind: 'split' };
  const lists = keys.filter((_, i) => items[i]?.kind === 'array' && items[i]?.items[0]?.kind === 'object');
  const hasUrl = keys.some((key, i) => URL_KEY.test(key) && isUrlText(items[i]?.text ?? ''));
  const list = TELLING.find((name) => lists.includes(name)) ?? lists[0];
  if (list !== undefined && !hasUrl) return { kind: 'member', name: list };
  if (items.length > 0 && items.every(({ kind }) => kind === 'object')) return shapeOfObjects(keys, items) ?? rows;
  // Some have no URL yet.
  const urls = items.filter(({ text }) => isUrlText(text)).length;
  const isPaths = urls * 2 > items.length && items.every(({ kind }) => kind === 'string' || kind === 'other');
  return isPaths && (urls > MANY || !keys.some((key) => URL_KEY.test(key))) ? { kind: 'paths' } : rows;
}

function shapeOfObjects(keys: readonly string[], items: readonly Value[]): JsonShape | undefined {
  const [first, second] = items as [Value, Value | undefined];
  const isNumbered = first.keys.length > 0 && first.keys.every((key) => /^\d+$/.test(key));
  const hasUrl = ({ items: own }: Value): boolean => own.some(({ text }) => isUrlText(text));
  // A row has its URL under the same key as the next one; a column has nothing but URLs, and another one has none.
  const isRows =
    items.length > 1 && first.keys.some((key, i) => isUrlText(first.items[i]?.text ?? '') && has(second, key));
  const isColumn = ({ items: own }: Value): boolean => own.length > 0 && own.every(({ text }) => isUrlText(text));
  const columns = items.filter(isColumn).length;
  if (isNumbered || (columns > 0 && (columns < items.length || keys.some((key) => URL_KEY.test(key)))))
    return { kind: 'columns' };
  return isRows && items.some(hasUrl) ? { kind: 'named rows' } : undefined;
}

function has(value: Value | undefined, key: string): boolean {
  return value !== undefined && isUrlText(value.items[value.keys.indexOf(key)]?.text ?? '');
}

/** The first value of the text, two levels deep, and how many there are. */
function skeleton(head: string): { first: Value | undefined; count: number } {
  const open: Value[] = [];
  let first: Value | undefined;
  let count = 0;
  const add = (value: Value): void => {
    const parent = open.at(-1);
    if (parent === undefined) {
      count++;
      first ??= value;
    } else if (open.length <= 2 && parent.items.length < MAX_MEMBERS) parent.items.push(value);
  };
  for (const token of tokensOf(head)) {
    if (token.name === 'keyValue') {
      const parent = open.at(-1) as Value;
      if (open.length <= 2 && parent.keys.length < MAX_MEMBERS) parent.keys.push(token.value);
    } else if (token.name === 'endObject' || token.name === 'endArray') open.pop();
    else {
      const isOpen = token.name === 'startObject' || token.name === 'startArray';
      const kind = token.name === 'startObject' ? 'object' : isOpen ? 'array' : 'string';
      const value: Value = {
        kind: isOpen || token.name === 'stringValue' ? kind : 'other',
        text: token.name === 'stringValue' ? token.value : '',
        keys: [],
        items: [],
      };
      add(value);
      if (isOpen) open.push(value);
    }
  }
  return { first, count };
}

/** Those before the first fault: what is wrong with a text is said where it is read. */
function tokensOf(head: string): readonly Token[] {
  const parse = jsonParser({ packValues: true, streamValues: false, jsonStreaming: true });
  const all: Token[] = [];
  // The parser gives nothing of a piece that it fails in.
  for (let at = 0; at < head.length; at += 4096) {
    try {
      const tokens = parse(head.slice(at, at + 4096));
      if (typeof tokens !== 'symbol') for (const token of tokens.values) all.push(token);
    } catch {
      break;
    }
  }
  return all;
}
