/** Finds the values of JSON objects whose members are known and not nested, and the first object that is another. */
import { viewOf } from '../../arrow/copy-bytes.ts';
import { bytesBelow, everyByte, lowestByte, zeroBytes } from './byte-words.ts';

/** Cells, of all columns, that are found at most before they have to be used. */
const MAX_CELLS = 65_536;
/** Longer rows are left to whoever can hold them piece by piece, and knows how long one may be. */
const LONG_ROW_BYTES = 1024 * 1024;

const [TAB, LF, CR, SPACE, QUOTE, COMMA, MINUS, DOT] = [0x09, 0x0a, 0x0d, 0x20, 0x22, 0x2c, 0x2d, 0x2e];
const [PLUS, ZERO, NINE, COLON, BACKSLASH, OPEN, CLOSE] = [0x2b, 0x30, 0x39, 0x3a, 0x5c, 0x7b, 0x7d];
/** Lower-case. */
const [LETTER_A, LETTER_E, LETTER_F, LETTER_U] = [0x61, 0x65, 0x66, 0x75];

const [QUOTES, BACKSLASHES, SPACES] = [everyByte(QUOTE), everyByte(BACKSLASH), everyByte(SPACE)];
const ESCAPES = Buffer.from('"\\/bfnrt');
const NULL = Buffer.from('null');
const WORDS = [Buffer.from('true'), Buffer.from('false'), NULL];

/** In place of a position: the bytes end too soon to tell, or this is not what is looked for. */
const [SHORT, ODD] = [-1, -2];

/**
 * Finds the rows of a block that are objects of known members, each at most once, whose values are strings, numbers,
 * true, false and null. Stops at the first that is not, and at one that may go on behind the block.
 */
export class ObjectScanner {
  readonly #keys: readonly Buffer[];
  readonly #longestKey: number;
  /** Column by key, quotes and escapes included, a letter per byte. */
  readonly #columns: ReadonlyMap<string, number>;
  /** By column: whether a string is kept with its quotes and escapes. */
  readonly #isRaw: readonly boolean[];
  readonly #maxRows: number;
  readonly #maxRowBytes: number;
  /** By column: the row in which its key was met last, counted from 1. */
  readonly #metIn: Int32Array;
  /** Of the rows found, cell after cell; see CellBounds. */
  readonly bounds: Int32Array;
  rows = 0;
  /** Where the last row ends that was found; there may be more behind it when `isFull`. */
  end = 0;
  /** Line breaks before that, and before the last row begins. */
  lines = 0;
  linesToLast = 0;
  /** What follows is not such a row. */
  isOdd = false;
  #block: Buffer = Buffer.alloc(0);
  #view: DataView = viewOf(this.#block);
  #to = 0;
  /** Line breaks in the row that is looked at, and before it. */
  #breaks = 0;

  /** @param isRaw - by column: whether values are wanted as they are written, strings too */
  constructor(names: readonly string[], maxRowBytes: number, isRaw: readonly boolean[] = []) {
    this.#isRaw = isRaw;
    this.#keys = names.map((name) => Buffer.from(JSON.stringify(name)));
    this.#longestKey = this.#keys.reduce((most, { length }) => Math.max(most, length), 0);
    this.#columns = new Map(this.#keys.map((key, i) => [key.toString('latin1'), i]));
    this.#maxRowBytes = Math.min(LONG_ROW_BYTES, maxRowBytes);
    this.#maxRows = Math.max(1, Math.floor(MAX_CELLS / names.length));
    this.#metIn = new Int32Array(names.length);
    this.bounds = new Int32Array(this.#maxRows * names.length * 2);
  }

  get isFull(): boolean {
    return this.rows === this.#maxRows;
  }

  /** Find rows from `from` on. @param isInArray - there is a comma before each of them */
  scan(block: Buffer, view: DataView, from: number, isInArray: boolean): void {
    this.#block = block;
    this.#view = view;
    this.#to = block.length;
    this.rows = 0;
    this.lines = 0;
    this.end = from;
    this.isOdd = false;
    this.#metIn.fill(0);
    while (!this.isFull) {
      this.#breaks = 0;
      const at = this.#open(this.end, isInArray);
      const breaksBefore = this.#breaks;
      const end = at < 0 ? at : this.#members(at);
      if (end < 0 || end - this.end > this.#maxRowBytes) {
        this.isOdd = end !== SHORT || this.#to - this.end > this.#maxRowBytes;
        return;
      }
      this.rows++;
      this.end = end;
      this.linesToLast = this.lines + breaksBefore;
      this.lines += this.#breaks;
    }
  }

  /** Behind the bracket that opens a row. */
  #open(from: number, isInArray: boolean): number {
    let at = this.#skipSpace(from);
    if (isInArray) {
      if (at < this.#to && this.#block[at] !== COMMA) return ODD;
      at = this.#skipSpace(at + 1);
    }
    return this.#isAt(at, OPEN);
  }

  /** Behind the bracket that closes the row, with all its cells in place. */
  #members(from: number): number {
    const row = this.rows + 1;
    const bounds = this.bounds;
    const first = this.rows * this.#keys.length * 2;
    bounds.fill(0, first, first + this.#keys.length * 2);
    let at = this.#skipSpace(from);
    if (this.#isAt(at, CLOSE) >= 0) return at + 1;
    for (let column = 0; ; column++) {
      column = this.#columnAt(at, column);
      if (column < 0) return column;
      if (this.#metIn[column] === row) return ODD;
      this.#metIn[column] = row;
      at = this.#skipSpace(at + (this.#keys[column] as Buffer).length);
      at = this.#isAt(at, COLON);
      if (at < 0) return at;
      at = this.#value(this.#skipSpace(at), first + column * 2, this.#isRaw[column] === true);
      if (at < 0) return at;
      at = this.#skipSpace(at);
      if (this.#isAt(at, CLOSE) >= 0) return at + 1;
      at = this.#isAt(at, COMMA);
      if (at < 0) return at;
      at = this.#skipSpace(at);
    }
  }

  /** The column whose key is here; most likely the one behind the last. */
  #columnAt(at: number, likely: number): number {
    if (this.#hasKey(at, likely)) return likely;
    const end = this.#keyEnd(at);
    return end < 0 ? end : (this.#columns.get(this.#block.toString('latin1', at, end)) ?? ODD);
  }

  /** Behind the key that begins here, if it is no longer than those that are known. */
  #keyEnd(from: number): number {
    const [block, longest] = [this.#block, from + this.#longestKey];
    if (this.#isAt(from, QUOTE) < 0) return this.#isAt(from, QUOTE);
    for (let at = from + 1; at < longest; at++) {
      if (at >= this.#to) return SHORT;
      if (block[at] === QUOTE) return at + 1;
      if (block[at] === BACKSLASH) at++;
    }
    return ODD;
  }

  #hasKey(at: number, column: number): boolean {
    const key = this.#keys[column];
    if (key === undefined || at + key.length > this.#to) return false;
    const block = this.#block;
    for (let i = 0; i < key.length; i++) if (block[at + i] !== key[i]) return false;
    return true;
  }

  /** Behind a value, whose bounds are noted. */
  #value(at: number, cell: number, isRaw: boolean): number {
    if (at >= this.#to) return SHORT;
    const byte = this.#block[at] as number;
    if (byte === QUOTE) return this.#string(at + 1, cell, isRaw);
    const end = byte === MINUS || isDigit(byte) ? this.#number(at) : this.#word(at);
    // Null is an empty cell.
    if (end < 0 || byte === NULL[0]) return end;
    this.bounds[cell] = at;
    this.bounds[cell + 1] = end;
    return end;
  }

  #string(from: number, cell: number, isRaw: boolean): number {
    const [block, view, to] = [this.#block, this.#view, this.#to];
    let isEscaped = false;
    let at = from;
    for (;;) {
      if (at + 4 <= to) {
        const word = view.getInt32(at, true);
        const found = zeroBytes(word ^ QUOTES) | zeroBytes(word ^ BACKSLASHES) | bytesBelow(word, SPACES);
        if (found === 0) {
          at += 4;
          continue;
        }
        at += lowestByte(found);
      } else if (at >= to) return SHORT;
      const byte = block[at] as number;
      if (byte === QUOTE) {
        // No text is none, and a text of no letters is one.
        this.bounds[cell] = isRaw ? from - 1 : isEscaped || at === from ? ~from : from;
        this.bounds[cell + 1] = isRaw ? at + 1 : at;
        return at + 1;
      }
      if (byte < SPACE) return ODD;
      // Of what looks like one of the bytes that are looked for, some are others.
      if (byte !== BACKSLASH) at++;
      else {
        at = this.#escape(at + 1);
        if (at < 0) return at;
        isEscaped = true;
      }
    }
  }

  /** Behind what follows a backslash. */
  #escape(at: number): number {
    const block = this.#block;
    if (at >= this.#to) return SHORT;
    if (block[at] !== LETTER_U) return ESCAPES.includes(block[at] as number) ? at + 1 : ODD;
    if (at + 5 > this.#to) return SHORT;
    for (let i = 1; i <= 4; i++) if (!isHexDigit(block[at + i] as number)) return ODD;
    return at + 5;
  }

  #number(from: number): number {
    let at = this.#block[from] === MINUS ? from + 1 : from;
    const first = at;
    at = this.#skipDigits(at);
    if (at - first > 1 && this.#block[first] === ZERO) return ODD;
    if (at === first) return at >= this.#to ? SHORT : ODD;
    if (this.#block[at] === DOT) {
      const digits = at + 1;
      at = this.#skipDigits(digits);
      if (at === digits) return at >= this.#to ? SHORT : ODD;
    }
    if (((this.#block[at] as number) | 0x20) === LETTER_E) {
      const sign = this.#block[at + 1];
      const digits = sign === MINUS || sign === PLUS ? at + 2 : at + 1;
      at = this.#skipDigits(digits);
      if (at === digits) return at >= this.#to ? SHORT : ODD;
    }
    // The last digit there is may not be the last one.
    return at >= this.#to ? SHORT : at;
  }

  #word(at: number): number {
    for (const word of WORDS)
      if (this.#block[at] === word[0]) {
        if (at + word.length > this.#to) return SHORT;
        return word.equals(this.#block.subarray(at, at + word.length)) ? at + word.length : ODD;
      }
    return ODD;
  }

  #skipDigits(from: number): number {
    let at = from;
    while (at < this.#to && isDigit(this.#block[at] as number)) at++;
    return at;
  }

  #skipSpace(from: number): number {
    let at = from;
    for (; at < this.#to; at++) {
      const byte = this.#block[at];
      if (byte === LF) this.#breaks++;
      else if (byte !== SPACE && byte !== TAB && byte !== CR) return at;
    }
    return at;
  }

  /** Behind this byte. */
  #isAt(at: number, byte: number): number {
    if (at >= this.#to) return SHORT;
    return this.#block[at] === byte ? at + 1 : ODD;
  }
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

function isHexDigit(byte: number): boolean {
  const lower = byte | 0x20;
  return isDigit(byte) || (lower >= LETTER_A && lower <= LETTER_F);
}

/** A string's value from what is between its quotes. Returns where it ends. */
export function jsonUnescaped(block: DataView, from: number, to: number, target: DataView, at: number): number {
  const text = Buffer.from(block.buffer, block.byteOffset + from - 1, to - from + 2).toString();
  return at + Buffer.from(target.buffer, target.byteOffset).write(JSON.parse(text), at);
}
