/** The first value of a JSON text as far as its first bytes and a few levels tell, and how many values there are. */
import { jsonParser, type Token } from 'stream-json/parser.js';

const MAX_MEMBERS = 200;
const MAX_LEVELS = 5;

/** A value as far as it matters: what it is, and what is right inside of it. */
export interface Value {
  readonly kind: 'object' | 'array' | 'string' | 'other';
  readonly text: string;
  readonly keys: string[];
  readonly items: Value[];
}

/**
 * @param head - the first characters, or all of the text
 * @returns isOpen - the last value goes on behind them, if they are no fault
 */
export function skeleton(head: string): { first: Value | undefined; count: number; isOpen: boolean } {
  const open: Value[] = [];
  let first: Value | undefined;
  let count = 0;
  const add = (value: Value): void => {
    const parent = open.at(-1);
    if (parent === undefined) {
      count++;
      first ??= value;
    } else if (open.length <= MAX_LEVELS && parent.items.length < MAX_MEMBERS) parent.items.push(value);
  };
  const { tokens, isSound } = tokensOf(head);
  for (const token of tokens) {
    if (token.name === 'keyValue') {
      const parent = open.at(-1) as Value;
      if (open.length <= MAX_LEVELS && parent.keys.length < MAX_MEMBERS) parent.keys.push(token.value);
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
  return { first, count, isOpen: isSound && open.length > 0 };
}

/** Those before the first fault: what is wrong with a text is said where it is read. */
function tokensOf(head: string): { readonly tokens: readonly Token[]; readonly isSound: boolean } {
  const parse = jsonParser({ packValues: true, streamValues: false, jsonStreaming: true });
  const all: Token[] = [];
  // The parser gives nothing of a piece that it fails in.
  for (let at = 0; at < head.length; at += 4096) {
    try {
      const tokens = parse(head.slice(at, at + 4096));
      if (typeof tokens !== 'symbol') for (const token of tokens.values) all.push(token);
    } catch {
      return { tokens: all, isSound: false };
    }
  }
  return { tokens: all, isSound: true };
}
