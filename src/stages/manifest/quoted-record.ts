/** One record of a delimited file, with quotes taken as quotes: a quote closes a cell only in front of a delimiter or a line end. */
import { isEscaped } from './byte-marks.ts';
import type { Dialect } from './dialect.ts';
import { NULL_CELL } from './escaped-record.ts';

const [LF, CR, SPACE] = [0x0a, 0x0d, 0x20];

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
  /** Cells between quotes that need them. */
  readonly needed: number;
  /** Cells without quotes around them that have one inside, by itself or behind a backslash. */
  readonly inner: number;
  readonly slashed: number;
  /** And those with a backslash in front of something else. */
  readonly lone: number;
}

/** Quotes are quotes wherever they begin a cell, up to `limit`. */
export function quotedRecord(block: Buffer, from: number, limit: number, dialect: Dialect): QuotedRecord {
  const cells: string[] = [];
  const seen = { wrapped: 0, strays: 0, spaced: 0, needed: 0, inner: 0, slashed: 0, lone: 0 };
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
      const text = block.toString('utf8', first, end);
      const cell = unescaped(text, dialect);
      if (cell !== text || cell.includes(dialect.delimiter) || cell.includes('\n')) seen.needed++;
      cells.push(cell);
      next = end + 1;
      while (dialect.spaces && next < limit && block[next] === SPACE) next++;
    } else {
      if (line.stop < at) Object.assign(line, lineAt(block, at, limit, dialect));
      const cut = delimiter < 0 ? -1 : block.subarray(at, line.stop).indexOf(delimiter);
      next = cut < 0 ? line.stop : at + cut;
      const cell = block.toString('utf8', at, next);
      if (quote >= 0 && (cell.includes(dialect.quote) || cell.includes('\\'))) count(cell, dialect.quote, seen);
      if (cell === NULL_CELL) cells.push('');
      else cells.push(dialect.bareEscapes ? unescaped(cell, dialect) : cell);
    }
    if (next < limit && block[next] === delimiter) at = next + 1;
    else return { cells, end: lineAt(block, next, limit, dialect).next, isOpen: false, ...seen };
  }
}

function count(cell: string, quote: string, seen: { inner: number; slashed: number; lone: number }): void {
  const slashes: readonly string[] = cell.match(/\\[\s\S]?/g) ?? [];
  const slashed = slashes.filter((pair) => pair === `\\${quote}`).length;
  if (slashed > 0) seen.slashed++;
  if (cell.split(quote).length - 1 > slashed) seen.inner++;
  if (slashes.some((pair) => pair !== '\\\\' && pair !== `\\${quote}`)) seen.lone++;
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
  else if (!isEnded && stop > from && block[stop - 1] === LF) stop--;
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
  // MySQL writes one in front of line ends as well.
  return text.replace(quote === '"' ? /\\(["\\\n])|""/g : /\\(['\\\n])|''/g, (_, letter = quote) => letter);
}

/** -1 for a letter that there is none of. */
export function codeOf(letter: string): number {
  return letter === '' ? -1 : letter.charCodeAt(0);
}
