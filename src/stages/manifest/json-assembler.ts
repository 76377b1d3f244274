/** Makes rows of a parser's tokens. */
import type { Token } from 'stream-json/parser.js';
import { stringer } from 'stream-json/stringer.js';

/** A row's members: strings as they are, null as null, everything else (numbers, true, nested values) as JSON text. */
export type JsonRow = ReadonlyMap<string, string | null>;

/**
 * Makes rows of a parser's tokens: the elements of one array, or objects that follow one another. Works on tokens,
 * which carry numbers as they are written: a value that went through a JavaScript number would have lost digits.
 */
export class JsonAssembler {
  readonly #refuse: (found: string) => Error;
  readonly #nestedText = stringer({ useValues: true });
  #row: Map<string, string | null> | undefined;
  #key = '';
  /** Open brackets inside of the row, and their text so far. */
  #depth = 0;
  #text = '';
  #container: 'none' | 'array' | 'ended' = 'none';

  /** @param refuse - the error to throw for a row that is neither an object nor an array's string */
  constructor(refuse: (found: string) => Error) {
    this.#refuse = refuse;
  }

  get isInRow(): boolean {
    return this.#row !== undefined;
  }

  get isInArray(): boolean {
    return this.#container === 'array';
  }

  /** @returns the row that this token completes; a string by itself is a URL */
  take(token: Token): JsonRow | undefined {
    if (this.#row === undefined) return this.#between(token);
    if (this.#depth > 0 || token.name === 'startObject' || token.name === 'startArray') this.#nested(this.#row, token);
    else if (token.name === 'keyValue') this.#key = token.value;
    else if (token.name === 'endObject') return this.#done(this.#row);
    else if ('value' in token)
      this.#row.set(this.#key, typeof token.value === 'boolean' ? String(token.value) : token.value);
    return undefined;
  }

  #between(token: Token): JsonRow | undefined {
    if (token.name === 'startObject') this.#row = new Map();
    else if (token.name === 'startArray' && this.#container === 'none') this.#container = 'array';
    else if (token.name === 'endArray') this.#container = 'ended';
    else if (token.name === 'stringValue' && this.isInArray) return new Map([['url', token.value]]);
    else throw this.#refuse('value' in token ? String(token.value) : '[');
    return undefined;
  }

  #done(row: JsonRow): JsonRow {
    this.#row = undefined;
    return row;
  }

  #nested(row: Map<string, string | null>, token: Token): void {
    const text = this.#nestedText(token);
    // Anything else says that the token has no text.
    if (typeof text === 'string') this.#text += text;
    if (token.name === 'startObject' || token.name === 'startArray') this.#depth++;
    else if (token.name === 'endObject' || token.name === 'endArray') this.#depth--;
    if (this.#depth > 0) return;
    row.set(this.#key, this.#text);
    this.#text = '';
  }
}
