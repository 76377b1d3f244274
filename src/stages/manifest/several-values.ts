/** Cells that hold several values: JSON arrays, lists as Python writes them, URLs side by side. Pure; linear in the cell. */
import { type JsonValue, readJson, valueAt } from './json-cell.ts';

const SCHEME = /(?:https?|s3|gs):\/\//gi;
const BEGINS_AS_URL = /^(?:https?|s3|gs):\/\//i;
/** What stands between URLs; Hive has a control character. */
const BETWEEN = /[\s|;,\p{Cc}]/u;
const QUOTED = /'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/gs;

/**
 * `["u1", "u2"]`, `['u1', 'u2']`, `{u1,u2}`, `u1|u2`, `u1; u2`, `u1 u2` as their values; any other text as the one value
 * that it is, and none of an empty cell. What stands between two URLs divides them where a URL begins behind it; `|`
 * divides everything where that makes two URLs of a cell.
 */
export function valuesInCell(cell: string): JsonValue[] {
  const text = cell.trim();
  if (text === '') return [];
  const inner = text.slice(1, -1);
  if (text.startsWith('[') && text.endsWith(']')) {
    const parsed = readJson(text);
    if (Array.isArray(parsed)) return parsed;
    const quoted = [...inner.matchAll(QUOTED)].map(([, single, double]) =>
      (single ?? double ?? '').replace(/\\(.)/gs, '$1'),
    );
    return quoted.length > 0 ? quoted : urlsIn(inner);
  }
  if (text.startsWith('{') && text.endsWith('}')) {
    const parsed = readJson(text);
    return parsed === undefined ? urlsIn(inner).map((url) => url.replace(/^"(.*)"$/s, '$1')) : [parsed];
  }
  return urlsIn(text);
}

/** How many values a cell holds. */
export function countInCell(cell: string): number {
  // Most cells are one URL.
  return cell.indexOf('://') === cell.lastIndexOf('://') && !/^\s*\[/.test(cell) ? 1 : valuesInCell(cell).length;
}

function urlsIn(text: string): string[] {
  const pieces = text.split('|').map((piece) => piece.trim());
  const isDivided = pieces.length > 1 && pieces.filter((piece) => BEGINS_AS_URL.test(piece)).length > 1;
  return (isDivided ? pieces : [text]).flatMap(sideBySide).filter((piece) => piece !== '');
}

function sideBySide(text: string): string[] {
  const begins = [0];
  for (const { index } of text.matchAll(SCHEME)) {
    const before = text[index - 1] ?? '';
    // `{"u1","u2"}`: the quote belongs to the URL behind it.
    const at = before === '"' ? index - 1 : index;
    if (at > 0 && BETWEEN.test(text[at - 1] as string)) begins.push(at);
  }
  // What divided the cell before divides nothing at its end.
  const dividers = new Set<string>();
  for (const begin of begins.slice(1))
    for (let at = begin - 1; at >= 0 && BETWEEN.test(text[at] as string); at -= 1) dividers.add(text[at] as string);
  const isEnd = (letter: string): boolean => /\s/.test(letter) || letter === '|' || dividers.has(letter);
  return begins.map((begin, at) =>
    withoutEnd(text.slice(begin, begins[at + 1]), at === begins.length - 1 ? isEnd : (letter) => BETWEEN.test(letter)),
  );
}

/** @param isEnd - whether a letter may stand behind a URL and be no part of it */
function withoutEnd(piece: string, isEnd: (letter: string) => boolean): string {
  let end = piece.length;
  while (end > 0 && isEnd(piece[end - 1] as string)) end -= 1;
  return piece.slice(0, end).trimStart();
}

/** Values on the way to a place, or at it. */
export interface Spread {
  readonly items: readonly JsonValue[];
  /** How many steps lead to them; the others are those of each item. */
  readonly depth: number;
}

/**
 * The first list on the way whose item no step names, or the values of the cell at the end of it; a value that is no list
 * counts as a list of itself.
 */
export function spreadAt(value: JsonValue, steps: readonly string[]): Spread {
  const { items, depth } = listAt(value, steps);
  // Lists of lists are as good as one list.
  return { items: items.some(Array.isArray) ? flattened(items) : items, depth };
}

function flattened(items: readonly JsonValue[]): JsonValue[] {
  return items.flatMap((item) => (Array.isArray(item) ? flattened(item) : [item]));
}

function listAt(value: JsonValue, steps: readonly string[]): Spread {
  let here = value;
  for (const [depth, step] of steps.entries()) {
    if (Array.isArray(here) && !/^\d+$/.test(step)) return { items: here, depth };
    if (typeof here === 'string') return { items: valuesInCell(here), depth };
    here = valueAt(here, [step]);
  }
  if (Array.isArray(here)) return { items: here, depth: steps.length };
  if (typeof here === 'string') return { items: valuesInCell(here), depth: steps.length };
  return { items: here === null ? [] : [here], depth: steps.length };
}

/** Whether there is a list on the way, or at its end, whose item no step names. */
export function hasListAt(value: JsonValue, steps: readonly string[]): boolean {
  let here = value;
  for (const step of steps) {
    if (Array.isArray(here) && !/^\d+$/.test(step)) return true;
    here = valueAt(here, [step]);
  }
  return Array.isArray(here);
}
