/** How well a way of telling cells and records apart fits the first records of a file. */
import type { FileDialect } from './dialect.ts';
import { escapedRecord } from './escaped-record.ts';
import { lineAt, quotedRecord } from './quoted-record.ts';
import { linesAreRecords, otherLineEnd } from './record-lines.ts';

const SAMPLE_RECORDS = 1000;
/** A record with another number of cells than the first, beside a quote where none should be. */
const BAD_COST = 10;
/** What a backslash at the end of a line has made part of a cell. */
const NEXT_ROW = /\n\s*(?:https?|s3|gs):\/\//i;

export interface Candidate {
  readonly dialect: FileDialect;
  /** Cells of the first record. */
  readonly columns: number;
  readonly first: readonly string[];
  readonly records: number;
  readonly bad: number;
  readonly cost: number;
  /** Records that have one cell more than the first, with nothing in it, or with a URL where the first would have it. */
  readonly longer: { readonly empty: number; readonly named: number };
  /** Cells between quotes, and those whose quotes do not close as they should. */
  readonly wrapped: number;
  readonly broken: number;
  /** Cells between quotes that need them, and cells without that have a quote in them. */
  readonly needed: number;
  readonly inner: number;
  /** Records behind the first that have a URL. */
  readonly urls: number;
}

export function measureEscaped(sample: Buffer, dialect: FileDialect, isAll: boolean): Candidate {
  let at = dialect.begin.bytes;
  let first: readonly string[] | undefined;
  let [records, bad, urls, broken] = [0, 0, 0, 0];
  while (at < sample.length && records < SAMPLE_RECORDS) {
    const { cells, end, isOpen } = escapedRecord(sample, at, sample.length, dialect);
    if (isOpen && !isAll) break;
    at = end;
    if (cells.length === 1 && cells[0] === '') continue;
    records++;
    first ??= cells;
    if (cells.length !== first.length) bad++;
    if (cells.some((cell) => NEXT_ROW.test(cell))) broken++;
    if (cells.some(isUrl)) urls++;
  }
  const all = first ?? [];
  const none = { longer: { empty: 0, named: 0 }, wrapped: 0, broken, needed: 0, inner: 0 };
  return { dialect, columns: all.length, first: all, records, bad, cost: bad, urls, ...none };
}

export function measure(sample: Buffer, dialect: FileDialect, isAll: boolean): Candidate {
  let at = dialect.begin.bytes;
  let first: readonly string[] | undefined;
  let [records, bad, wrapped, broken] = [0, 0, 0, 0];
  let [needed, inner, slashed, lone, urls] = [0, 0, 0, 0, 0];
  const longer = { empty: 0, named: 0 };
  while (at < sample.length && records < SAMPLE_RECORDS) {
    let line = lineAt(sample, at, sample.length, dialect);
    const isNone = line.stop === at || (dialect.comments && sample[at] === 0x23);
    if (isNone) {
      at = line.next;
      continue;
    }
    let record = quotedRecord(sample, at, sample.length, dialect);
    const columns = first?.length;
    if (record.cells.length !== columns) {
      const other = otherLineEnd(sample, at, line.stop, dialect, columns);
      if (other !== undefined) {
        line = { stop: other, next: other + 1 };
        record = { ...quotedRecord(sample, at, other, dialect), end: other + 1 };
      }
    }
    // What the sample's end cuts says nothing.
    const lines = linesAreRecords(sample, at, record.end, dialect, columns);
    if (record.isOpen && !isAll && lines.count === 0) break;
    records++;
    wrapped += record.wrapped;
    broken += record.strays + (dialect.spaces ? 0 : record.spaced);
    needed += record.needed;
    inner += record.inner;
    slashed += record.slashed;
    lone += record.lone;
    if (record.cells.some(isUrl)) urls++;
    const isSwallowing = record.isOpen || (record.end > line.next && lines.isAll && lines.haveUrls);
    if (isSwallowing) {
      broken++;
      bad++;
    } else if (columns !== undefined && record.cells.length !== columns) {
      bad++;
      if (record.cells.length === columns + 1) {
        if (record.cells.at(-1) === '') longer.empty++;
        else if (!isUrl(record.cells[0])) longer.named++;
      }
    }
    first ??= record.cells;
    at = isSwallowing ? line.next : record.end;
  }
  const cells = first ?? [];
  const isExtra = extraCell(cells, records, longer) !== undefined;
  const unlike = isExtra ? 0 : bad;
  const counts = { columns: cells.length, records, bad: unlike, longer, wrapped, broken, needed, inner, urls };
  // Without quotes around it a cell has one behind a backslash where that is how quotes are written.
  const isSlashed = dialect.escapes === 'backslash';
  const cost = unlike * BAD_COST + broken + (isSlashed ? inner + (slashed > 0 ? lone * BAD_COST : 0) : slashed);
  return {
    dialect: isSlashed && slashed > 0 ? { ...dialect, bareEscapes: true } : dialect,
    first: cells,
    cost,
    ...counts,
  };
}

/** All records have one cell more than the header: R's names of rows, or a delimiter behind the last one. */
export function extraCell(
  first: readonly string[],
  records: number,
  { empty, named }: Candidate['longer'],
): FileDialect['extraCell'] {
  if (records < 2 || first.some(isUrl)) return undefined;
  if (empty === records - 1) return 'last';
  return named === records - 1 ? 'first' : undefined;
}

export function isUrl(cell: string | undefined): boolean {
  return cell !== undefined && /^\s*["']?(?:https?|s3|gs|ftp):\/\/\S/i.test(cell);
}
