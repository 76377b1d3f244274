/** Tokens of JSON that rows are made of. */
import type { Token } from 'stream-json/parser.js';

/** Called with each token of the text, in order; yields those of its rows. */
export type Reshape = (token: Token) => Iterable<Token>;

export const OPEN: Token = { name: 'startObject' };
export const CLOSE: Token = { name: 'endObject' };

export const key = (value: string): Token => ({ name: 'keyValue', value });
export const text = (value: string): Token => ({ name: 'stringValue', value });

export function isStart({ name }: Token): boolean {
  return name === 'startObject' || name === 'startArray';
}

export function isEnd({ name }: Token): boolean {
  return name === 'endObject' || name === 'endArray';
}
