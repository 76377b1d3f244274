/**
 * One record of a delimited file, however odd. Programs disagree about quotes that stand where none should: here a
 * quote closes a cell only in front of a delimiter or a line end, and a cell whose quote does not close within its line
 * is literal where every line of what it would swallow is a record by itself.
 */
import { hasPair } from './byte-marks.ts';
import type { Dialect } from './dialect.ts';
import { escapedRecord } from './escaped-record.ts';
import { lineAt, quotedRecord } from './quoted-record.ts';
import { holdsRecord, linesAreRecords, literalLine, NO_LINES, otherLineEnd } from './record-lines.ts';

const [HASH, BACKSLASH] = [0x23, 0x5c];
/** Records of a line that are found at a time, where line ends of the other kind part it. */
const MOST_PARTS = 1000;
/** What PostgreSQL and DOS have behind the last record. */
const END_MARKS = [Buffer.from('\\.'), Buffer.from('\x1a')];

export type LooseRecord =
  | { readonly kind: 'cells'; readonly cells: readonly string[]; readonly end: number }
  /** It has fewer cells than the header. */
  | { readonly kind: 'short'; readonly cells: readonly string[]; readonly reason: string; readonly end: number }
  /** An empty line, or a comment. */
  | { readonly kind: 'none'; readonly end: number }
  | { readonly kind: 'bad'; readonly reason: string; readonly end: number; readonly isOpen?: boolean }
  /** Of a line that ends of the other kind part; what is behind the last of them is still to be read. */
  | { readonly kind: 'several'; readonly records: readonly LooseRecord[]; readonly end: number }
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
  if (line.stop === from || isEndMark(block.subarray(from, line.stop))) return { kind: 'none', end: line.next };
  const parted = partedLine(block, from, Math.min(line.stop, block.length), terms);
  if (parted !== undefined) return parted;
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

function partedLine(block: Buffer, from: number, stop: number, terms: RecordTerms): LooseRecord | undefined {
  const records: LooseRecord[] = [];
  let at = from;
  while (records.length < (terms.columns === undefined ? 1 : MOST_PARTS)) {
    const end = otherLineEnd(block, at, stop, terms.dialect, terms.columns);
    if (end === undefined) break;
    records.push(judged(block.subarray(0, end), at, true, terms));
    at = end + 1;
  }
  return records.length === 0 ? undefined : { kind: 'several', records, end: at };
}

/** @param isCut - its line has no end, or is not where it ends */
function unlike(cells: readonly string[], columns: number, end: number, isCut: boolean): LooseRecord {
  if (cells.length < columns && !isCut) return { kind: 'short', cells, end, reason: countWords(cells, columns) };
  return { kind: 'bad', reason: countWords(cells, columns), end, isOpen: isCut };
}

function countWords({ length }: readonly string[], columns: number): string {
  return `has ${length} cell${length === 1 ? '' : 's'}, unlike the header, which has ${columns}`;
}

function judgedEscaped(block: Buffer, from: number, isEnd: boolean, terms: RecordTerms): LooseRecord {
  const { dialect, columns, maxRecordBytes } = terms;
  const { cells, end, isOpen } = escapedRecord(block, from, block.length, dialect);
  if (isOpen && !isEnd) return block.length - from > maxRecordBytes ? { kind: 'long' } : { kind: 'more' };
  if (end - from > maxRecordBytes) return { kind: 'long' };
  const isEmpty = cells.length === 1 && cells[0] === '' && block[from] !== BACKSLASH;
  const isNone = isEmpty || isEndMark(block.subarray(from, lineAt(block, from, end, dialect).stop));
  if (isNone || (dialect.comments && block[from] === HASH && cells.length !== columns)) return { kind: 'none', end };
  if (columns === undefined || cells.length === columns) return { kind: 'cells', cells, end };
  return unlike(cells, columns, end, isOpen);
}

/** A record that another dialect reads without anything odd: files are written by more than one program. */
function otherwise(block: Buffer, from: number, limit: number, terms: RecordTerms): LooseRecord | undefined {
  const { dialect, columns } = terms;
  const bytes = block.subarray(from, limit);
  const slashed = dialect.quote !== '' && hasPair(bytes, '\\', dialect.quote);
  const spaced = dialect.quote !== '' && hasPair(bytes, ' ', dialect.quote);
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

function isEndMark(line: Buffer): boolean {
  return line.length <= 2 && END_MARKS.some((mark) => mark.equals(line));
}
