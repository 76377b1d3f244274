/**
 * One record of a delimited file, however odd. Programs disagree about quotes that stand where none should: here a
 * quote closes a cell only in front of a delimiter or a line end, and a cell whose quote does not close within its line
 * is literal where every line of what it would swallow is a record by itself.
 */
import type { Dialect } from './dialect.ts';

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
  /** An empty line, or a comment. */
  | { readonly kind: 'none'; readonly end: number }
  | { readonly kind: 'bad'; readonly reason: string; readonly end: number }
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
  const { dialect, columns, maxRecordBytes } = terms;
  const line = lineAt(block, from, block.length, dialect);
  const isWhole = isEnd || line.next <= block.length;
  if (line.stop - from > maxRecordBytes) return { kind: 'long' };
  if (!isWhole) return { kind: 'more' };
  if (line.stop === from) return { kind: 'none', end: line.next };
  const literal = literalLine(block, from, line.stop, dialect);
  if (dialect.comments && block[from] === HASH && literal.length !== columns) return { kind: 'none', end: line.next };
  const limit = Math.min(block.length, from + maxRecordBytes);
  const quoted = quotedRecord(block, from, limit, dialect);
  const isLiteral = literal.length === columns;
  const asLine: LooseRecord = { kind: 'cells', cells: literal, end: line.next };
  const mayGoOn = quoted.isOpen || quoted.end > block.length;
  if (quoted.end > line.next || quoted.isOpen) {
    const lines = linesAreRecords(block, from, quoted.isOpen ? limit : quoted.end, dialect, columns);
    if (lines === 'all' && isLiteral) return asLine;
    if (mayGoOn && !isEnd && limit === block.length) return { kind: 'more' };
    if (lines === 'so far' && isLiteral) return asLine;
  } else if (mayGoOn && !isEnd) return { kind: 'more' };
  if (!quoted.isOpen && (columns === undefined || quoted.cells.length === columns))
    return { kind: 'cells', cells: quoted.cells, end: quoted.end };
  if (isLiteral || columns === undefined) return asLine;
  if (quoted.isOpen) return { kind: 'bad', reason: 'has a quote that is opened and never closed', end: line.next };
  const found = `has ${quoted.cells.length} cell${quoted.cells.length === 1 ? '' : 's'}`;
  return { kind: 'bad', reason: `${found}, unlike the header, which has ${columns}`, end: quoted.end };
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
      cells.push(block.toString('utf8', at, next));
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

/** Whether the lines of a span, the first eight, each have as many delimiters as a record. */
export function linesAreRecords(
  block: Buffer,
  from: number,
  end: number,
  dialect: Dialect,
  columns: number | undefined,
): 'all' | 'so far' | 'no' {
  if (columns === undefined || columns < 2) return 'no';
  let lines = 0;
  for (let at = from; at < end; lines++) {
    if (lines === TELLING_LINES) return 'all';
    const { stop, next } = lineAt(block, at, end, dialect);
    if (next > end) return lines === 0 ? 'no' : 'so far';
    if (countOf(block.subarray(at, stop), codeOf(dialect.delimiter)) !== columns - 1) return 'no';
    at = next;
  }
  return lines > 1 ? 'all' : 'so far';
}

function countOf(line: Buffer, byte: number): number {
  let count = 0;
  for (let at = line.indexOf(byte); at >= 0; at = line.indexOf(byte, at + 1)) count++;
  return count;
}

/** Where a line's text ends, and where the next line begins: behind `limit` when it has no end before that. */
export function lineAt(block: Buffer, from: number, limit: number, { lineEnd }: Pick<Dialect, 'lineEnd'>) {
  const found = block.indexOf(lineEnd === '\n' ? LF : CR, from);
  const isEnded = found >= 0 && found < limit;
  const stop = isEnded ? found : limit;
  const isPair = lineEnd === '\n' && stop > from && block[stop - 1] === CR;
  return { stop: isPair ? stop - 1 : stop, next: isEnded ? found + 1 : limit + 1 };
}

function closingQuote(block: Buffer, from: number, limit: number, dialect: Dialect, seen: { strays: number }): number {
  const quote = codeOf(dialect.quote);
  for (let at = from; at < limit; at++) {
    const byte = block[at];
    if (byte === BACKSLASH && dialect.escapes === 'backslash') at++;
    else if (byte !== quote) continue;
    else if (block[at + 1] === quote && at + 1 < limit) at++;
    else if (isCellEnd(block, at + 1, limit, dialect)) return at;
    else seen.strays++;
  }
  return -1;
}

function isCellEnd(block: Buffer, from: number, limit: number, { delimiter, lineEnd, spaces }: Dialect): boolean {
  let at = from;
  while (spaces && at < limit && block[at] === SPACE) at++;
  if (at >= limit) return true;
  const byte = block[at] as number;
  if (byte === codeOf(delimiter) || byte === codeOf(lineEnd)) return true;
  return lineEnd === '\n' && byte === CR && (at + 1 >= limit || block[at + 1] === LF);
}

function unescaped(text: string, { quote, escapes }: Dialect): string {
  if (escapes === 'doubled') return text.replaceAll(quote + quote, quote);
  return text.replace(quote === '"' ? /\\(["\\])|"(?=")/g : /\\(['\\])|'(?=')/g, '$1');
}

/** -1 for a letter that there is none of. */
function codeOf(letter: string): number {
  return letter === '' ? -1 : letter.charCodeAt(0);
}
