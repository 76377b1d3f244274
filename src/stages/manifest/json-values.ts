import { StringDecoder } from 'node:string_decoder';
import { FlowDcError } from '../../errors.ts';
import type { TextInput } from './text-rows.ts';

/** One row's JSON text, with the line that it starts on. */
export interface JsonText {
  readonly text: string;
  readonly line: number;
}

/** Longest row: an unclosed bracket would otherwise swallow the rest of a file of any size. */
const MAX_VALUE_CHARS = 16 * 1024 * 1024;

const QUOTE = '"'.charCodeAt(0);
const BACKSLASH = '\\'.charCodeAt(0);
const WHITE_SPACE = /[\s\ufeff]/;

/**
 * Cuts JSON text into its rows: the elements of one array, or objects that follow one another (one per line or not). Looks only
 * at brackets and quotes, so numbers keep their digits; whether a row is valid JSON shows when it is parsed.
 */
export class JsonSplitter {
  readonly #input: TextInput;
  #text = '';
  /** Next character to look at, and where the open value began; -1 between values. */
  #at = 0;
  #start = -1;
  #depth = 0;
  #isString = false;
  #line = 1;
  #startLine = 1;
  #container: 'none' | 'array' | 'ended' = 'none';

  constructor(input: TextInput) {
    this.#input = input;
  }

  /** The rows that are complete with this piece of text. */
  *write(piece: string): Generator<JsonText, void> {
    this.#text += piece;
    while (this.#at < this.#text.length) {
      const found = this.#isString ? this.#string() : this.#step(this.#text[this.#at] as string);
      this.#at++;
      if (found) yield this.#value();
    }
    const keep = this.#start < 0 ? this.#at : this.#start;
    if (this.#at - keep > MAX_VALUE_CHARS) throw this.corrupt(this.#startLine, 'a row of over 16 MiB, or a bracket that is never closed');
    this.#text = this.#text.slice(keep);
    this.#at -= keep;
    if (this.#start >= 0) this.#start = 0;
  }

  /** Throws FDC_ERR_MANIFEST_CORRUPT when the text ends in the middle. */
  end(): void {
    if (this.#start >= 0) throw this.corrupt(this.#startLine, 'the text ends in the middle of a row: the file is cut off');
    if (this.#container === 'array') throw this.corrupt(this.#line, 'the array is never closed: the file is cut off');
  }

  corrupt(line: number, what: string): FlowDcError {
    return new FlowDcError('FDC_ERR_MANIFEST_CORRUPT', `${this.#input.name}, line ${line}: ${what}`);
  }

  /** Look at one character outside of strings; true when it ends a row. */
  #step(character: string): boolean {
    if (character === '\n') this.#line++;
    if (this.#start < 0) {
      this.#betweenRows(character);
      return false;
    }
    if (character === '"') this.#isString = true;
    else if (character === '{' || character === '[') this.#depth++;
    else if (character === '}' || character === ']') this.#depth--;
    return this.#depth === 0;
  }

  /** Run to the end of a string, or of the text; true when the string is a row by itself. */
  #string(): boolean {
    for (; this.#at < this.#text.length; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      // An escape may be cut in two by the end of the piece: the next piece then starts inside of it.
      if (code === BACKSLASH) this.#at++;
      else if (code === QUOTE) {
        this.#isString = false;
        return this.#depth === 0;
      }
    }
    this.#at--;
    return false;
  }

  #betweenRows(character: string): void {
    if (WHITE_SPACE.test(character)) return;
    if (character === '{' || (character === '"' && this.#container === 'array')) {
      this.#start = this.#at;
      this.#startLine = this.#line;
      this.#depth = character === '{' ? 1 : 0;
      this.#isString = character === '"';
    } else if (character === '[' && this.#container === 'none') this.#container = 'array';
    else if (character === ']' && this.#container === 'array') this.#container = 'ended';
    else if (character !== ',' || this.#container !== 'array')
      throw this.corrupt(this.#line, `expected an object per row, found ${character}`);
  }

  #value(): JsonText {
    const text = this.#text.slice(this.#start, this.#at);
    this.#start = -1;
    return { text, line: this.#startLine };
  }
}

/** Decode a chunked byte stream as UTF-8, characters cut in two included. */
export async function* decoded(chunks: AsyncIterable<Buffer>): AsyncGenerator<string, void> {
  const decoder = new StringDecoder('utf8');
  for await (const chunk of chunks) yield decoder.write(chunk);
  yield decoder.end();
}
