/**
 * How the cells and records of a delimited file are told apart, from its first bytes. Candidates are tried in the order
 * of how usual they are, and one that is less usual wins only if it leaves fewer records odd.
 */
import { columnNames } from './column-names.ts';
import { type FileDialect, PLAIN_DIALECT } from './dialect.ts';
import { escapedRecord } from './escaped-record.ts';
import { lineAt, linesAreRecords, quotedRecord } from './loose-record.ts';

/** What the user says of a file; it is not asked of the content then. */
export interface GivenDialect {
  readonly delimiter?: string | undefined;
  readonly quote?: string | undefined;
  readonly columns?: readonly string[] | undefined;
  /** What comes of it is told by its first two lines, however many are there by then: a resume finds the same. */
  readonly isPipe?: boolean | undefined;
}

/** More of a file tells no more about how it was written. Chosen. */
const SAMPLE_BYTES = 128 * 1024;
const SAMPLE_RECORDS = 1000;
const DELIMITERS = [',', ';', '\t', '|'];
/** A record with another number of cells than the first, beside a quote where none should be. */
const BAD_COST = 10;

interface Candidate {
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
}

/**
 * @param all - first bytes as UTF-8, without a byte order mark
 * @param isWhole - there are no more
 * @param usual - the delimiter that the file's name says; others are tried when it is in no first line
 */
export function detectDialect(all: Buffer, isWhole: boolean, usual: string, given: GivenDialect = {}): FileDialect {
  const head = given.isPipe === true ? firstLines(all) : all;
  const cut = head.length <= SAMPLE_BYTES ? head : head.subarray(0, SAMPLE_BYTES);
  const lineEnd = lineEndOf(cut);
  const isAll = isWhole && cut === all;
  const lastEnd = cut.lastIndexOf(lineEnd);
  // The last line is half a line.
  const sample = isAll || lastEnd < 0 ? cut : cut.subarray(0, lastEnd + 1);
  const start = startOf(sample, { ...PLAIN_DIALECT, lineEnd, quote: given.quote ?? '"' });
  const base = { ...start.dialect, lineEnds: lineEndsOf(sample, lineEnd) };
  const named = given.delimiter ?? start.delimiter;
  const look = (delimiter: string) => withQuotes(sample, { ...base, delimiter }, given, isAll);
  const best = named === undefined ? ofDelimiters(look, usual) : look(named);
  const how = given.quote === undefined || given.quote === '' ? withEscapes(sample, best, isAll) : best;
  return withHeader(how, given.columns, lineAt(sample, start.dialect.begin.bytes, sample.length, start.dialect).next);
}

/** Up to the second line that is neither empty nor a comment. */
function firstLines(head: Buffer): Buffer {
  let lines = 0;
  for (let from = 0, end = head.indexOf('\n'); end >= 0; from = end + 1, end = head.indexOf('\n', from)) {
    const line = head.toString('latin1', from, end).trim();
    if (line !== '' && !line.startsWith('#')) lines++;
    if (lines === 2) return head.subarray(0, end + 1);
  }
  return head;
}

/** The likeliest of several delimiters: where most records have as many cells as the first, and that has most cells. */
function ofDelimiters(look: (delimiter: string) => Candidate, usual: string): Candidate {
  const found = [usual, ...DELIMITERS.filter((delimiter) => delimiter !== usual)].map(look);
  const several = found.filter(({ columns }) => columns > 1);
  if (several.length === 0) {
    const spaced = look(' ');
    if (spaced.columns > 1 && spaced.records > 1 && spaced.bad === 0 && spaced.wrapped > 0) return spaced;
  }
  const evenness = ({ records, bad }: Candidate): number => 1 - bad / Math.max(1, records - 1);
  const best = several.reduce<Candidate | undefined>((best, other) => {
    if (best === undefined) return other;
    const [here, there] = [evenness(best), evenness(other)];
    if (Math.abs(here - there) > 0.1) return there > here ? other : best;
    if (other.broken !== best.broken) return other.broken < best.broken ? other : best;
    return other.columns > best.columns ? other : best;
  }, undefined);
  // A list with commas in some of its URLs.
  return best === undefined || (evenness(best) < 0.5 && isUrl(best.first[0])) ? look('') : best;
}

function withQuotes(sample: Buffer, dialect: FileDialect, given: GivenDialect, isAll: boolean): Candidate {
  const plain = { ...dialect, quote: given.quote ?? '"' };
  // Two lines do not tell.
  if (given.isPipe === true) return measure(sample, plain, isAll);
  const variants: FileDialect[] = [plain];
  const { quote } = plain;
  if (quote !== '' && sample.includes(quote)) {
    const slashed = { ...plain, escapes: 'backslash' } as const;
    if (sample.includes(`\\${quote}`)) variants.push(slashed);
    if (sample.includes(` ${quote}`)) variants.push({ ...plain, spaces: true }, { ...slashed, spaces: true });
  }
  const tried = variants.map((variant) => measure(sample, variant, isAll));
  const best = tried.reduce((best, other) => (other.cost < best.cost ? other : best));
  if (given.quote !== undefined || best.bad === 0 || best.broken <= best.wrapped) return best;
  const literal = measure(sample, { ...dialect, quote: '' }, isAll);
  // Where quotes are odd, another delimiter may explain them.
  return literal.cost < best.cost ? { ...literal, broken: best.broken } : best;
}

/**
 * The same where a backslash takes the meaning of delimiters, or nothing is written as one: what databases write as
 * text has no quotes.
 */
function withEscapes(sample: Buffer, best: Candidate, isAll: boolean): Candidate {
  const { delimiter } = best.dialect;
  if (delimiter === '') return best;
  const letter = `\\x${delimiter.charCodeAt(0).toString(16).padStart(2, '0')}`;
  const hasNulls = new RegExp(`[${letter}\n]\\\\N(?=[${letter}\r\n]|$)`).test(sample.toString('latin1'));
  const hasEscapes = sample.includes(`\\${delimiter}`);
  // `\N` in a file with tabs is a database's text; in one with commas it may be the null of any csv, whose quotes come later.
  const isText = hasNulls && best.wrapped === 0 && (delimiter === '\t' || sample.includes('\\\\'));
  if (!isText && !hasEscapes) return best;
  if (best.wrapped > 0 && delimiter !== '\t') return best;
  const escaped = measureEscaped(sample, { ...best.dialect, quote: '', escapes: 'all', spaces: false }, isAll);
  const odd = best.bad + best.longer.empty + best.longer.named;
  return escaped.bad < odd || (isText && escaped.bad === odd) ? escaped : best;
}

function measureEscaped(sample: Buffer, dialect: FileDialect, isAll: boolean): Candidate {
  let at = dialect.begin.bytes;
  let first: readonly string[] | undefined;
  let [records, bad] = [0, 0];
  while (at < sample.length && records < SAMPLE_RECORDS) {
    const { cells, end, isOpen } = escapedRecord(sample, at, sample.length, dialect);
    if (isOpen && !isAll) break;
    at = end;
    if (cells.length === 1 && cells[0] === '') continue;
    records++;
    first ??= cells;
    if (cells.length !== first.length) bad++;
  }
  const all = first ?? [];
  const none = { empty: 0, named: 0 };
  return { dialect, columns: all.length, first: all, records, bad, cost: bad, longer: none, wrapped: 0, broken: 0 };
}

function measure(sample: Buffer, dialect: FileDialect, isAll: boolean): Candidate {
  let at = dialect.begin.bytes;
  let first: readonly string[] | undefined;
  let [records, bad, wrapped, broken] = [0, 0, 0, 0];
  const longer = { empty: 0, named: 0 };
  while (at < sample.length && records < SAMPLE_RECORDS) {
    const line = lineAt(sample, at, sample.length, dialect);
    const isNone = line.stop === at || (dialect.comments && sample[at] === 0x23);
    if (isNone) {
      at = line.next;
      continue;
    }
    const record = quotedRecord(sample, at, sample.length, dialect);
    const columns = first?.length;
    // What the sample's end cuts says nothing.
    const lines = linesAreRecords(sample, at, record.end, dialect, columns);
    if (record.isOpen && !isAll && lines.count === 0) break;
    records++;
    wrapped += record.wrapped;
    broken += record.strays + (dialect.spaces ? 0 : record.spaced);
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
  const odd = isExtra ? 0 : bad;
  const counts = { columns: cells.length, records, bad: odd, longer, wrapped, broken };
  return { dialect, first: cells, cost: odd * BAD_COST + broken, ...counts };
}

/** Behind Excel's `sep=;`, and behind comments: the header may be the last of them. */
function startOf(sample: Buffer, base: FileDialect): { dialect: FileDialect; delimiter?: string } {
  const line = lineAt(sample, 0, sample.length, base);
  const sep = /^"?sep=(.)"?$/i.exec(sample.toString('utf8', 0, Math.min(line.stop, 16)))?.[1];
  if (sep !== undefined) return { dialect: { ...base, begin: { bytes: line.next, lines: 1 } }, delimiter: sep };
  if (sample[0] !== 0x23) return { dialect: base };
  let last = { at: 0, ...line };
  let lines = 0;
  for (let at = 0; at < sample.length && sample[at] === 0x23; at = last.next, lines++)
    last = { at, ...lineAt(sample, at, sample.length, base) };
  const text = (from: number, stop: number) => sample.toString('utf8', from, stop);
  const next = text(last.next, lineAt(sample, last.next, sample.length, base).stop);
  const header = text(last.at + 1, last.stop);
  const delimiter = DELIMITERS.find((letter) => header.includes(letter));
  const isHeader =
    delimiter === undefined
      ? /^\s*\w*ur[il]\w*\s*$/i.test(header)
      : header.split(delimiter).length === next.split(delimiter).length && !isUrl(header.split(delimiter)[0]);
  const begin = isHeader
    ? { bytes: last.at + 1, lines: lines - 1 }
    : { bytes: Math.min(last.next, sample.length), lines };
  return { dialect: { ...base, comments: true, begin } };
}

/** All records have one cell more than the header: R's names of rows, or a delimiter behind the last one. */
function extraCell(
  first: readonly string[],
  records: number,
  { empty, named }: Candidate['longer'],
): FileDialect['extraCell'] {
  if (records < 2 || first.some(isUrl)) return undefined;
  if (empty === records - 1) return 'last';
  return named === records - 1 ? 'first' : undefined;
}

/** A header in which a cell is a URL is none. */
function withHeader(candidate: Candidate, names: readonly string[] | undefined, header: number): FileDialect {
  const { dialect, first, columns, records, longer } = candidate;
  const extra = names === undefined ? extraCell(first, records, longer) : undefined;
  if (extra !== undefined) {
    const own = columnNames(first);
    const all = extra === 'first' ? ['row_name', ...own] : [...own, `column_${columns + 1}`];
    const begin = { bytes: header, lines: dialect.begin.lines + 1 };
    return { ...dialect, begin, columns: all, extraCell: extra };
  }
  if (names !== undefined) {
    const isThere = names.length === columns && names.every((name, i) => name === first[i]?.trim());
    return isThere ? dialect : { ...dialect, columns: names };
  }
  const urls = first.filter(isUrl).length;
  if (urls === 0) return dialect;
  let [url, other] = [0, 0];
  const made = first.map((cell, i) => {
    if (isUrl(cell)) return ++url === 1 ? 'url' : `url_${url}`;
    return columns === 2 && ++other === 1 && /\s/.test(cell) ? 'caption' : `column_${i + 1}`;
  });
  return { ...dialect, columns: made };
}

function isUrl(cell: string | undefined): boolean {
  return cell !== undefined && /^\s*["']?(?:https?|s3|gs|ftp):\/\/\S/i.test(cell);
}

/** Old Macs end lines with CR, and break lines inside of cells with LF; of others a CR alone is part of a cell. */
function lineEndOf(sample: Buffer): '\n' | '\r' {
  let [alone, feeds] = [0, 0];
  for (let at = 0; at < sample.length; at++)
    if (sample[at] === 0x0a) feeds++;
    else if (sample[at] === 0x0d && sample[at + 1] !== 0x0a && sample[at + 1] !== 0x0d) alone++;
  return alone > feeds ? '\r' : '\n';
}

function lineEndsOf(sample: Buffer, lineEnd: string): string[] {
  if (lineEnd === '\r') return ['CR'];
  let [pairs, alone] = [false, false];
  for (let at = sample.indexOf(lineEnd); at >= 0 && !(pairs && alone); at = sample.indexOf(lineEnd, at + 1))
    if (at > 0 && sample[at - 1] === 0x0d) pairs = true;
    else alone = true;
  return [...(alone ? ['LF'] : []), ...(pairs ? ['CRLF'] : [])];
}
