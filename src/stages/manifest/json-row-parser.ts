/** Reads rows from the pieces of a JSON text, each handed on as soon as it is complete. */

import { jsonParser, type Token } from 'stream-json/parser.js';
import { stringer } from 'stream-json/stringer.js';
import { FlowDcError } from '../../errors.ts';
import { MAX_NESTING } from './bounds.ts';
import type { JsonForm } from './column-kinds.ts';
import { isEnd, isStart, type Reshape } from './json-tokens.ts';
import { LaxJson } from './lax-json.ts';

const PACKED = { packValues: true, streamValues: false, jsonStreaming: true } as const;

/** What the parser answers while it has no token, and what it takes for the end of the text. */
const NONE = jsonParser(PACKED)('') as unknown as string;

/** What may stand between two rows. */
const BETWEEN = /[\s,[\]]*/y;

/**
 * Reads rows from the pieces of a JSON text, each handed on as soon as it is complete.
 * Errors: FDC_ERR_MANIFEST_CORRUPT with the line that the bad row begins on; the rows before it were handed on.
 */
export class JsonRowParser {
  readonly #name: string;
  readonly #maxRowBytes: number;
  readonly #onRow: (row: JsonRow) => void;
  readonly #parse = jsonParser(PACKED);
  readonly #rows = new JsonAssembler((what) => this.#corrupt(what));
  #line: number;
  /** Where the open row began, or the next one does. */
  #rowLine = 1;
  #charsSinceRow = 0;
  /** The last that was written is the end of a row. */
  #isAtRowEnd = false;

  readonly #reshape: Reshape | undefined;
  readonly #lax = new LaxJson();
  /** Brackets that are open in the text. */
  #depth = 0;

  /**
   * @param maxRowBytes - an unclosed bracket would otherwise swallow the rest of a file of any size
   * @param reshape - where rows are not what the text has
   * @param line - of the first character
   */
  constructor(name: string, maxRowBytes: number, onRow: (row: JsonRow) => void, reshape?: Reshape, line = 1) {
    this.#reshape = reshape;
    this.#line = line;
    this.#name = name;
    this.#maxRowBytes = maxRowBytes;
    this.#onRow = onRow;
  }

  get isInRow(): boolean {
    return this.#rows.isInRow;
  }

  /** The line of what comes next. */
  get line(): number {
    return this.#line;
  }

  /** Where rows may be passed over: what stands before the next one, and nothing else, is to come. */
  get place(): 'behind a row' | 'behind an element' | 'elsewhere' {
    if (!this.#isAtRowEnd) return 'elsewhere';
    return this.#rows.isInArray ? 'behind an element' : 'behind a row';
  }

  /** Whole rows that follow were read by somebody else: so many line breaks, and before the last row so many. */
  passOver({ lines, linesToLast }: { readonly lines: number; readonly linesToLast: number }): void {
    this.#rowLine = this.#line + linesToLast;
    this.#line += lines;
    this.#charsSinceRow = 0;
  }

  write(text: string): void {
    this.#read(this.#lax.give(text));
  }

  #read(text: string): void {
    this.#isAtRowEnd = false;
    for (let from = 0; from < text.length; ) {
      const to = this.#endOfRow(text, from);
      const piece = text.slice(from, to);
      this.#charsSinceRow += piece.length;
      this.#isAtRowEnd = this.#take(this.#tokens(piece));
      if (this.#charsSinceRow > this.#maxRowBytes)
        throw this.#corrupt(
          `a row of over ${this.#maxRowBytes} bytes (max_record), or a bracket or quote that is never closed`,
        );
      this.#line += lineBreaks(piece);
      from = to;
    }
  }

  /** The text is over: throws when that is in the middle of something. */
  end(): void {
    this.#read(this.#lax.end());
    this.checkEnd();
    this.#take(this.#tokens(NONE));
  }

  /** The same, while more may come. */
  checkEnd(): void {
    if (this.#rows.isInRow) throw this.#corrupt('the text ends in the middle of a row: the file is cut off');
    if (this.#rows.isInArray) throw this.#corrupt('the array is never closed: the file is cut off');
    if (this.#depth > 0) throw this.#corrupt('the text ends in the middle of a value: the file is cut off');
  }

  /**
   * Where a row may end, at the latest. The parser gives nothing of a piece that it fails in, so a good row and a bad
   * one must not be in the same piece; a cut in the middle of a row is as good to it as any.
   */
  #endOfRow(text: string, from: number): number {
    let ending = '}';
    if (!this.#rows.isInRow) {
      BETWEEN.lastIndex = from;
      const between = BETWEEN.exec(text)?.[0] ?? '';
      this.#rowLine = this.#line + lineBreaks(between);
      if (text[from + between.length] !== '{') ending = '",';
    }
    const at = text.indexOf(ending, from);
    return at < 0 ? text.length : at + ending.length;
  }

  #tokens(piece: string): readonly Token[] {
    try {
      const tokens = this.#parse(piece);
      return typeof tokens === 'symbol' ? [] : tokens.values;
    } catch (error) {
      const reason = (error as Error).message.replace(/^Parser cannot parse input: /, '').slice(0, 120);
      throw this.#corrupt(`not valid JSON (${reason})`, error);
    }
  }

  /** Returns whether the last of them ends an object that is a row. */
  #take(tokens: readonly Token[]): boolean {
    let isAtEnd = false;
    for (const given of tokens) {
      if (isStart(given)) this.#depth++;
      else if (isEnd(given)) this.#depth--;
      for (const token of this.#reshape?.(given) ?? [given]) {
        isAtEnd = false;
        const row = this.#rows.take(token);
        if (row === undefined) continue;
        this.#charsSinceRow = 0;
        this.#onRow(row);
        isAtEnd = token.name === 'endObject';
      }
    }
    // Of what is passed over there may be more than a row may have.
    if (this.#reshape !== undefined && tokens.length > 0 && !this.#rows.isInRow) this.#charsSinceRow = 0;
    // What is reshaped has no rows that somebody else could read.
    return isAtEnd && this.#reshape === undefined;
  }

  #corrupt(what: string, cause?: unknown): FlowDcError {
    return new FlowDcError('FDC_ERR_MANIFEST_CORRUPT', `${this.#name}, line ${this.#rowLine}: ${what}`, { cause });
  }
}

function lineBreaks(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

/** A value: a string as it is, everything else (numbers, true, nested values) as JSON text. */
export interface JsonCell {
  readonly form: JsonForm;
  readonly text: string;
}

/** A row's members. */
export type JsonRow = ReadonlyMap<string, JsonCell | null>;

function cellOf(value: string | boolean | null, name: Token['name']): JsonCell | null {
  if (value === null) return null;
  if (typeof value === 'boolean') return { form: 'bool', text: String(value) };
  return { form: name === 'numberValue' ? 'number' : 'string', text: value };
}

/**
 * Makes rows of a parser's tokens: the elements of one array, or objects that follow one another. Works on tokens,
 * which carry numbers as they are written: a value that went through a JavaScript number would have lost digits.
 */
class JsonAssembler {
  readonly #refuse: (what: string) => Error;
  readonly #nestedText = stringer({ useValues: true });
  #row: Map<string, JsonCell | null> | undefined;
  #key = '';
  /** Open brackets inside of the row, and their text so far. */
  #depth = 0;
  #text = '';
  #container: 'none' | 'array' | 'ended' = 'none';

  /** @param refuse - the error to throw for what is no row */
  constructor(refuse: (what: string) => Error) {
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
    else if ('value' in token) this.#row.set(this.#key, cellOf(token.value, token.name));
    return undefined;
  }

  #between(token: Token): JsonRow | undefined {
    if (token.name === 'startObject') this.#row = new Map();
    else if (token.name === 'startArray' && this.#container === 'none') this.#container = 'array';
    else if (token.name === 'endArray') this.#container = 'ended';
    else if (token.name === 'stringValue' && this.isInArray)
      return new Map([['url', { form: 'string', text: token.value }]]);
    // A row of which nothing is known, among others.
    else if (token.name === 'nullValue' && this.isInArray) return new Map();
    else {
      const found = 'value' in token ? String(token.value).slice(0, 40) : '[';
      throw this.#refuse(`expected an object per row, found ${found}`);
    }
    return undefined;
  }

  #open(): void {
    this.#depth++;
    if (this.#depth > MAX_NESTING) throw this.#refuse(`a value is nested more than ${MAX_NESTING} deep`);
  }

  #done(row: JsonRow): JsonRow {
    this.#row = undefined;
    return row;
  }

  #nested(row: Map<string, JsonCell | null>, token: Token): void {
    const text = this.#nestedText(token);
    // Anything else says that the token has no text.
    if (typeof text === 'string') this.#text += text;
    if (token.name === 'startObject' || token.name === 'startArray') this.#open();
    else if (token.name === 'endObject' || token.name === 'endArray') this.#depth--;
    if (this.#depth > 0) return;
    row.set(this.#key, { form: 'nested', text: this.#text });
    this.#text = '';
  }
}
