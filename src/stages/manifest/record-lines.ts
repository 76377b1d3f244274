/** Whether lines are records by themselves: of what a quote that was opened swallows, and of what line ends of two kinds part. */
import { countOf } from './byte-marks.ts';
import type { Dialect } from './dialect.ts';
import { isUrlText } from './guess-url.ts';
import { codeOf, lineAt, quotedRecord } from './quoted-record.ts';

const [LF, CR, COLON, SLASH] = [0x0a, 0x0d, 0x3a, 0x2f];
/** Of what an opened quote spans, so many lines are looked at: one that is no record of its own makes it a cell. */
const TELLING_LINES = 8;

/** Cells of one line by itself: quotes that do not close within it are part of its cells. */
export function literalLine(block: Buffer, from: number, stop: number, dialect: Dialect): readonly string[] {
  const cells = closedLine(block, from, stop, dialect);
  if (cells !== undefined) return cells;
  return block.toString('utf8', from, stop).split(dialect.delimiter === '' ? '\n' : dialect.delimiter);
}

/** Undefined where a quote does not close. */
function closedLine(block: Buffer, from: number, stop: number, dialect: Dialect): readonly string[] | undefined {
  const line = block.subarray(from, stop);
  const { cells, isOpen } = quotedRecord(line, 0, line.length, dialect);
  return isOpen ? undefined : cells;
}

export interface Lines {
  /** How many lines there are, of eight at most; 0 when one of them is no record. */
  readonly count: number;
  /** They are all lines of the span, or eight. */
  readonly isAll: boolean;
  /** In one of the columns every line has a URL. */
  readonly haveUrls: boolean;
}

export const NO_LINES: Lines = { count: 0, isAll: false, haveUrls: false };

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

/** Whether one of the lines of a span has a URL for a cell, as rows have. */
export function holdsRecord(block: Buffer, from: number, end: number, dialect: Dialect): boolean {
  const span = block.subarray(0, end);
  for (let at = from, url = span.indexOf(COLON, at); url >= 0; url = span.indexOf(COLON, Math.max(at, url + 1))) {
    if (span[url + 1] !== SLASH || span[url + 2] !== SLASH) continue;
    const start = span.lastIndexOf(dialect.lineEnd, url) + 1;
    const { stop, next } = lineAt(block, Math.max(at, start), end, dialect);
    if (literalLine(block, Math.max(at, start), stop, dialect).some(isUrlText)) return true;
    at = next;
  }
  return false;
}

/**
 * Where a line of a file whose records end in LF has a CR that ends one as well, and the other way round: what is in
 * front of it is a record, and behind it is a URL where that record has one; or a header, and behind it is the first row.
 * @param columns - of a record; undefined for a header
 */
export function otherLineEnd(
  block: Buffer,
  from: number,
  stop: number,
  dialect: Dialect,
  columns: number | undefined,
): number | undefined {
  const line = block.subarray(from, stop);
  const other = dialect.lineEnd === '\n' ? CR : LF;
  let tried = 0;
  for (let at = line.indexOf(other); at >= 0 && tried < TELLING_LINES; at = line.indexOf(other, at + 1), tried++) {
    const before = closedLine(line, 0, at, dialect);
    if (before === undefined || before.length !== (columns ?? before.length)) continue;
    const end = line.indexOf(other, at + 1);
    const after = literalLine(line, at + 1, end < 0 ? line.length : end, dialect);
    // Else a record of one more line has as many cells as another one.
    const isMore = columns === undefined || columns === 1 || after.length > 1;
    const isRow = isMore && before.some((cell, i) => isUrlText(cell) && isUrlText(after[i] ?? ''));
    const isFirst = columns === undefined && after.length === before.length && after.some(isUrlText);
    if (isRow || (isFirst && !before.some(isUrlText))) return from + at;
  }
  return undefined;
}
