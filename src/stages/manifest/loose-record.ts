/**
 * One record of a delimited file, however odd. Programs disagree about quotes that stand where none should: here a
 * quote closes a cell only in front of a delimiter or a line end, and a cell whose quote does not close within its line
 * is literal where every line of what it would swallow is a record by itself.
 */
import { countOf, isEscaped } from './byte-marks.ts';
import type { Dialect } from './dialect.ts';
import { escapedRecord, NULL_CELL } from './escaped-record.ts';
import { isUrlText } from './guess-url.ts';

const [LF, CR, SPACE, HASH, BACKSLASH] = [0x0a, 0x0d, 0x20, 0x23, 0x5c];
/** Of what an opened quote spans, so many lines are looked at: one that is no record of its own makes it a cell. */
const TELLING_LINES = 8;

/** A record with quotes taken as quotes. */
export interface QuotedRecord {
  readonly cells: readonly string[];
  /** Where the next record begins. */
  readonly end: number;
  /** Its last quote is not closed before `limit`. */
  readonly isOpen: boolean;
  /** Cells between quotes, quotes inside of them that close nothing, and blanks in front of quotes. */
  readonly wrapped: number;
  readonly strays: number;
  readonly spaced: number;
}

export type LooseRecord =
  | { readonly kind: 'cells'; readonly cells: readonly string[]; readonly end: number }
  /** It has fewer cells than the header. */
  | { readonly kind: 'short'; readonly cells: readonly string[]; readonly reason: string; readonly end: number }
  /** An empty line, or a comment. */
  | { readonly kind: 'none'; readonly end: number }
  | { readonly kind: 'bad'; readonly reason: string; readonly end: number; readonly isOpen?: boolean }
  /** Its line is longer than a record may be, or has no end at all. */
  | { readonly kind: 'long' }
  /** It may go on behind what is there. */
  | { readonly kind: 'more' };

/** What does not change between the records of a file. */
export interface RecordTerms {
  readonly dialect: Dialect;
  /** Cells of a record; undefined for a header. */
  readonly columns: number | undefined;
  readonly maxRecordBytes: number;
  /** How far a quote that is opened is followed to its end. */
  readonly maxSpanBytes: number;
}

/**
 * The record that begins at `from`.
 * @param isEnd - nothing follows `block`
 */
export function looseRecord(block: Buffer, from: number, isEnd: boolean, terms: RecordTerms): LooseRecord {
  const record = judged(block, from, isEnd, terms);
  return 'end' in record && record.end > block.length ? { ...record, end: block.length } : record;
}

function judged(block: Buffer, from: number, isEnd: boolean, terms: RecordTerms): LooseRecord {
  const { dialect, columns, maxRecordBytes, maxSpanBytes } = terms;
  if (dialect.escapes === 'all') return judgedEscaped(block, from, isEnd, terms);
  const line = lineAt(block, from, block.length, dialect);
  const isWhole = isEnd || line.next <= block.length;
  if (line.stop - from > maxRecordBytes) return { kind: 'long' };
  if (!isWhole) return { kind: 'more' };
  if (line.stop === from) return { kind: 'none', end: line.next };
  const literal = literalLine(block, from, line.stop, dialect);
  if (dialect.comments && block[from] === HASH && literal.length !== columns) return { kind: 'none', end: line.next };
  const limit = Math.min(block.length, Math.max(line.next, from + Math.min(maxRecordBytes, maxSpanBytes)));
  const quoted = quotedRecord(block, from, limit, dialect);
  const isLiteral = literal.length === columns;
  const asLine: LooseRecord = { kind: 'cells', cells: literal, end: line.next };
  const spans = quoted.isOpen || quoted.end > line.next;
  const lines = spans ? linesAreRecords(block, from, quoted.isOpen ? limit : quoted.end, dialect, columns) : NO_LINES;
  // A quote that a backslash keeps from closing, in a file of which nothing else says that they do.
  if (isLiteral && lines.isAll && lines.haveUrls) return otherwise(block, from, line.next, terms) ?? asLine;
  if ((quoted.isOpen || quoted.end > block.length) && !isEnd && limit === block.length) return { kind: 'more' };
  const isOdd = quoted.isOpen || quoted.strays > 0 || quoted.cells.length !== columns;
  if (!isOdd) return { kind: 'cells', cells: quoted.cells, end: quoted.end };
  if (columns === undefined) {
    const isLine = quoted.isOpen || (spans && holdsRecord(block, line.next, quoted.end, dialect));
    return isLine ? asLine : { kind: 'cells', cells: quoted.cells, end: quoted.end };
  }
  const other = otherwise(block, from, limit, terms);
  if (other !== undefined) return other;
  if (isLiteral && lines.count > 0) return asLine;
  const open = { kind: 'bad', reason: 'has a quote that is opened and never closed', end: line.next } as const;
  // What goes on behind it is rows, which are not to be swallowed.
  if (quoted.strays > 0 && spans && holdsRecord(block, line.next, Math.min(limit, quoted.end), dialect))
    return { ...open, isOpen: true };
  if (!quoted.isOpen && quoted.cells.length === columns) return { kind: 'cells', cells: quoted.cells, end: quoted.end };
  if (isLiteral) return asLine;
  if (quoted.isOpen) return { ...open, isOpen: true };
  // Nor where a record that is none goes on behind its line.
  return unlike(quoted.cells, columns, Math.min(quoted.end, line.next), spans || line.next > block.length);
}

/** @param isCut - its line has no end, or is not where it ends */
function unlike(cells: readonly string[], columns: number, end: number, isCut: boolean): LooseRecord {
  if (cells.length < columns && !isCut) return { kind: 'short', cells, end, reason: countWords(cells, columns) };
  return { kind: 'bad', reason: countWords(cells, columns), end };
}

function countWords({ length }: readonly string[], columns: number): string {
  return `has ${length} cell${length === 1 ? '' : 's'}, unlike the header, which has ${columns}`;
}

function judgedEscaped(block: Buffer, from: number, isEnd: boolean, terms: RecordTerms): LooseRecord {
  const { dialect, columns, maxRecordBytes } = terms;
  const { cells, end, isOpen } = escapedRecord(block, from, block.length, dialect);
  if (isOpen && !isEnd) return block.length - from > maxRecordBytes ? { kind: 'long' } : { kind: 'more' };
  if (end - from > maxRecordBytes) return { kind: 'long' };
  const isNone = cells.length === 1 && cells[0] === '' && block[from] !== BACKSLASH;
  if (isNone || (dialect.comments && block[from] === HASH && cells.length !== columns)) return { kind: 'none', end };
  if (columns === undefined || cells.length === columns) return { kind: 'cells', cells, end };
  return unlike(cells, columns, end, isOpen);
}

/** A record that another dialect reads without anything odd: files are written by more than one program. */
function otherwise(block: Buffer, from: number, limit: number, terms: RecordTerms): LooseRecord | undefined {
  const { dialect, columns } = terms;
  const bytes = block.subarray(from, limit);
  const slashed = bytes.includes(`\\${dialect.quote}`) && dialect.quote !== '';
  const spaced = bytes.includes(` ${dialect.quote}`) && dialect.quote !== '';
  const others: Dialect[] = [];
  if (slashed) others.push({ ...dialect, escapes: 'backslash' });
  if (spaced) others.push({ ...dialect, spaces: true });
  if (slashed && spaced) others.push({ ...dialect, escapes: 'backslash', spaces: true });
  for (const other of others) {
    const { cells, end, isOpen, strays } = quotedRecord(block, from, limit, other);
    if (!isOpen && strays === 0 && cells.length === columns) return { kind: 'cells', cells, end };
  }
  return undefined;
}

/** Quotes are quotes wherever they begin a cell, up to `limit`. */
export function quotedRecord(block: Buffer, from: number, limit: number, dialect: Dialect): QuotedRecord {
  const cells: string[] = [];
  const seen = { wrapped: 0, strays: 0, spaced: 0 };
  const delimiter = codeOf(dialect.delimiter);
  const quote = codeOf(dialect.quote);
  const line = { at: -1, stop: -1, next: -1 };
  for (let at = from; ; ) {
    let start = at;
    while (start < limit && block[start] === SPACE) start++;
    const isSpaced = start > at && block[start] === quote;
    if (isSpaced) seen.spaced++;
    let next: number;
    if (block[isSpaced && dialect.spaces ? start : at] === quote) {
      const first = (isSpaced ? start : at) + 1;
      const end = closingQuote(block, first, limit, dialect, seen);
      if (end < 0) return { cells, end: limit, isOpen: true, ...seen };
      seen.wrapped++;
      cells.push(unescaped(block.toString('utf8', first, end), dialect));
      next = end + 1;
      while (dialect.spaces && next < limit && block[next] === SPACE) next++;
    } else {
      if (line.stop < at) Object.assign(line, lineAt(block, at, limit, dialect));
      const cut = delimiter < 0 ? -1 : block.subarray(at, line.stop).indexOf(delimiter);
      next = cut < 0 ? line.stop : at + cut;
      const cell = block.toString('utf8', at, next);
      if (cell === NULL_CELL) cells.push('');
      else cells.push(dialect.escapes === 'backslash' ? unescaped(cell, dialect) : cell);
    }
    if (next < limit && block[next] === delimiter) at = next + 1;
    else return { cells, end: lineAt(block, next, limit, dialect).next, isOpen: false, ...seen };
  }
}

/** Cells of one line by itself: quotes that do not close within it are part of its cells. */
function literalLine(block: Buffer, from: number, stop: number, dialect: Dialect): readonly string[] {
  const line = block.subarray(from, stop);
  const quoted = quotedRecord(line, 0, line.length, dialect);
  if (!quoted.isOpen) return quoted.cells;
  return line.toString('utf8').split(dialect.delimiter === '' ? '\n' : dialect.delimiter);
}

interface Lines {
  /** How many lines there are, of eight at most; 0 when one of them is no record. */
  readonly count: number;
  /** They are all lines of the span, or eight. */
  readonly isAll: boolean;
  /** In one of the columns every line has a URL. */
  readonly haveUrls: boolean;
}

const NO_LINES: Lines = { count: 0, isAll: false, haveUrls: false };

/** Whether the lines of a span, the first eight, are records by themselves. */
export function linesAreRecords(
  block: Buffer,
  from: number,
  end: number,
  dialect: Dialect,
  columns: number | undefined,
): Lines {
  if (columns === undefined || columns < 2) return NO_LINES;
  let urls: boolean[] | undefined;
  let [count, isCut] = [0, false];
  for (let at = from; at < end && count < TELLING_LINES && !isCut; count++) {
    const { stop, next } = lineAt(block, at, end, dialect);
    isCut = next > end;
    if (isCut && count > 0) break;
    if (countOf(block.subarray(at, stop), codeOf(dialect.delimiter)) < columns - 1) return NO_LINES;
    const cells = literalLine(block, at, stop, dialect);
    if (cells.length !== columns) return NO_LINES;
    urls = cells.map((cell, i) => urls?.[i] !== false && isUrlText(cell));
    at = next;
  }
  return { count, isAll: count === TELLING_LINES || (count > 1 && !isCut), haveUrls: urls?.includes(true) === true };
}

/** Whether one of the lines of a span, the first eight, has a URL for a cell, as rows have. */
function holdsRecord(block: Buffer, from: number, end: number, dialect: Dialect): boolean {
  for (let at = from, count = 0; at < end && count < TELLING_LINES; count++) {
    const { stop, next } = lineAt(block, at, end, dialect);
    if (literalLine(block, at, stop, dialect).some(isUrlText)) return true;
    at = next;
  }
  return false;
}

/** Where a line's text ends, and where the next line begins: behind `limit` when it has no end before that. */
export function lineAt(block: Buffer, from: number, limit: number, { lineEnd }: Pick<Dialect, 'lineEnd'>) {
  const found = block.indexOf(lineEnd === '\n' ? LF : CR, from);
  const isEnded = found >= 0 && found < limit;
  let stop = isEnded ? found : limit;
  let next = isEnded ? found + 1 : limit + 1;
  // Several, of a program that wrote CR LF into a file that makes CR LF of LF.
  if (lineEnd === '\n') while (stop > from && block[stop - 1] === CR) stop--;
  else if (isEnded && next < limit && block[next] === LF) next++;
  return { stop, next };
}

function closingQuote(block: Buffer, from: number, limit: number, dialect: Dialect, seen: { strays: number }): number {
  const quote = codeOf(dialect.quote);
  let strays = 0;
  for (let at = block.indexOf(quote, from); at >= 0 && at < limit; at = block.indexOf(quote, at + 1)) {
    if (dialect.escapes === 'backslash' && isEscaped(block, from, at)) continue;
    const isPair = at + 1 < limit && block[at + 1] === quote;
    // `"say "hi""`: the first of the two ends what a quote within has begun.
    if (isPair && strays % 2 === 1 && isCellEnd(block, at + 2, limit, dialect)) return at + 1;
    if (isPair) at++;
    else if (isCellEnd(block, at + 1, limit, dialect)) return at;
    else {
      strays++;
      seen.strays++;
    }
  }
  return -1;
}

function isCellEnd(block: Buffer, from: number, limit: number, { delimiter, lineEnd, spaces }: Dialect): boolean {
  let at = from;
  while (spaces && at < limit && block[at] === SPACE) at++;
  if (lineEnd === '\n') while (at < limit && block[at] === CR) at++;
  if (at >= limit) return true;
  const byte = block[at] as number;
  return byte === codeOf(lineEnd) || (byte === codeOf(delimiter) && block[at - 1] !== CR);
}

function unescaped(text: string, { quote, escapes }: Dialect): string {
  if (escapes === 'doubled') return text.replaceAll(quote + quote, quote);
  return text.replace(quote === '"' ? /\\(["\\])|"(?=")/g : /\\(['\\])|'(?=')/g, '$1');
}

/** -1 for a letter that there is none of. */
function codeOf(letter: string): number {
  return letter === '' ? -1 : letter.charCodeAt(0);
}
