/**
 * XML as rows, a line of JSON for each: the children of the root are the rows, their attributes and the elements in them
 * the columns, as pandas reads it and FLOW-DC did.
 */
import { PackedError } from '../unpack/packed-error.ts';
import { localName, walkXml, type XmlAttributes, type XmlVisitor } from './xml-walk.ts';

/** Lines are handed on from so many characters on. */
const PIECE_CHARS = 64 * 1024;
const SPACE = ' \t\r\n';
/** What a value takes beside its letters, about. */
const VALUE_CHARS = 16;

export interface XmlRowOptions {
  /** Names of elements from below the root down to the rows; without any, all children of the root are rows. */
  readonly at: readonly string[];
  /** Of a row. */
  readonly mostChars: number;
}

/** @param chunks - UTF-8. Errors: those of `walkXml`, behind the whole rows. */
export async function* xmlLines(chunks: AsyncIterable<Buffer>, options: XmlRowOptions): AsyncGenerator<Buffer, void> {
  const rows = new XmlRows(options);
  try {
    for await (const _ of walkXml(chunks, rows)) if (rows.lines.length > PIECE_CHARS) yield rows.taken();
  } catch (error) {
    if (rows.lines !== '') yield rows.taken();
    throw error;
  }
  if (rows.lines !== '') yield rows.taken();
}

type Cell = string | null | string[];

class XmlRows implements XmlVisitor {
  /** Of whole rows. */
  lines = '';
  readonly #at: readonly string[];
  readonly #mostChars: number;
  /** Open elements, the root first. */
  readonly #path: string[] = [];
  #row: Map<string, Cell> | undefined;
  #chars = 0;

  constructor({ at, mostChars }: XmlRowOptions) {
    this.#at = at;
    this.#mostChars = mostChars;
  }

  open(name: string, attributes: XmlAttributes): void {
    this.#path.push(name);
    if (this.#path.length === this.#rowDepth && this.#at.every((own, i) => own === this.#path[i + 1]))
      [this.#row, this.#chars] = [new Map(), 0];
    if (this.#row === undefined) return;
    const column = this.#column();
    for (const [key, value] of Object.entries(attributes))
      if (!/^xmlns\b|^xsi:/.test(key)) this.#add(column === '' ? localName(key) : `${column}.${localName(key)}`, value);
  }

  close(name: string, text: string | undefined): void {
    const value = text === undefined ? undefined : trimmed(text);
    const column = this.#column();
    // A plain element is a column of its own name.
    if (this.#row !== undefined && value !== undefined && (column !== '' || value !== ''))
      this.#add(column || name, value);
    if (this.#row !== undefined && this.#path.length === this.#rowDepth) {
      this.lines += `${JSON.stringify(Object.fromEntries(this.#row))}\n`;
      this.#row = undefined;
    }
    this.#path.pop();
  }

  taken(): Buffer {
    const bytes = Buffer.from(this.lines);
    this.lines = '';
    return bytes;
  }

  get #rowDepth(): number {
    return Math.max(2, 1 + this.#at.length);
  }

  /** Of the innermost element, by the names below its row. */
  #column(): string {
    return this.#path.slice(this.#rowDepth).join('.');
  }

  /** An element that is there several times is a list. */
  #add(column: string, value: string): void {
    this.#chars += column.length + value.length + VALUE_CHARS;
    if (this.#chars > this.#mostChars)
      throw new PackedError(
        `a row of over ${this.#mostChars} characters (max_record): rows are the children of the root, unless rows_at ` +
          'names others',
        'too large',
      );
    const before = this.#row?.get(column);
    if (value === '') {
      if (before === undefined) this.#row?.set(column, null);
    } else if (before === undefined || before === null) this.#row?.set(column, value);
    else if (typeof before === 'string') this.#row?.set(column, [before, value]);
    else before.push(value);
  }
}

/** Without the white space of XML around it; that of a language is part of it. */
function trimmed(text: string): string {
  let [from, to] = [0, text.length];
  while (from < to && SPACE.includes(text[from] as string)) from++;
  while (to > from && SPACE.includes(text[to - 1] as string)) to--;
  return text.slice(from, to);
}
