/** Tokens of the rows that are in one list within a JSON text: found by its path, or by what its objects hold. */
import type { Token } from 'stream-json/parser.js';
import { FlowDcError } from '../../errors.ts';
import { someOf } from '../../short-text.ts';
import { isNoRows, isUrlMember } from './json-shape.ts';
import { CLOSE, isEnd, isStart, key, OPEN, type Reshape } from './json-tokens.ts';

/** Objects of a list in which a URL is looked for. */
const TRIED_ROWS = 8;
const NAMED_LISTS = 50;

/**
 * @param path - dotted; undefined for the first list whose objects have URLs
 * @param say - told of others that have some
 * Errors, at the text's end: FDC_ERR_MANIFEST_COLUMN where there is no such list.
 */
export function listRows(path: string | undefined, say: (what: string) => void = () => {}): Reshape {
  /** Keys of the objects that are open; undefined for an array. */
  const open: (string | undefined)[] = [];
  const lists = new Set<string>();
  /** Not those that are read. */
  const others = new Set<string>();
  let list: RowList | undefined;
  let [isFound, isRead, here] = [false, false, ''];
  return (token) => {
    if (list !== undefined) {
      const rows = list.take(token);
      if (isRead) isFound ||= list.isIt;
      else if (list.isIt && others.size < NAMED_LISTS) others.add(here);
      if (list.isOver) list = undefined;
      return isRead ? rows : [];
    }
    if (token.name === 'keyValue') open[open.length - 1] = token.value;
    else if (token.name === 'startArray' && !open.includes(undefined)) {
      here = open.join('.');
      if (lists.size < NAMED_LISTS) lists.add(here);
      isRead = path === undefined ? !isFound && !isNoRows(here) : here === path;
      if (isRead || !isNoRows(here)) {
        list = new RowList(isRead && path !== undefined);
        if (isRead) isFound ||= list.isIt;
        return [];
      }
    }
    if (isStart(token)) open.push(token.name === 'startArray' ? undefined : '');
    if (isEnd(token)) open.pop();
    if (isEnd(token) && open.length === 0) {
      if (!isFound) throw noList(path, [...lists]);
      if (others.size > 0) say(`other lists in it have URLs as well, and are not read: ${someOf([...others], 5)}`);
    }
    return [];
  };
}

/** A list whose first objects are held until one has a URL. */
class RowList {
  isIt: boolean;
  isOver = false;
  #depth = 0;
  #rows = 0;
  #member = '';
  #held: Token[] = [];

  constructor(isIt: boolean) {
    this.isIt = isIt;
  }

  take(token: Token): readonly Token[] {
    if (isEnd(token)) this.#depth--;
    this.isOver = this.#depth < 0;
    if (this.isOver) return [];
    if (token.name === 'keyValue') this.#member = token.value;
    const isText = token.name === 'stringValue';
    if (isText && this.#rows < TRIED_ROWS && isUrlMember(this.#member, token.value)) this.isIt = true;
    const row = isText && this.#depth === 0 ? [OPEN, key('url'), token, CLOSE] : [token];
    if (isStart(token)) this.#depth++;
    else if (this.#depth === 0) this.#rows++;
    this.#held = this.#rows < TRIED_ROWS || this.isIt ? [...this.#held, ...row] : [];
    if (!this.isIt) return [];
    const rows = this.#held;
    this.#held = [];
    return rows;
  }
}

function noList(path: string | undefined, lists: readonly string[]): FlowDcError {
  const what = path === undefined ? 'no list of objects with URLs is in it' : `there is no list at ${path} (rows_at)`;
  return new FlowDcError('FDC_ERR_MANIFEST_COLUMN', `${what}; its lists are ${someOf(lists, 12) || '(none)'}`);
}
