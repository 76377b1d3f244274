/**
 * How the cells and records of a delimited file are told apart, from its first bytes. Candidates are tried in the order
 * of how usual they are, and one that is less usual wins only if it leaves fewer records odd.
 */
import { hasPair } from './byte-marks.ts';
import { columnNames } from './column-names.ts';
import { DELIMITERS, type FileDialect, PLAIN_DIALECT } from './dialect.ts';
import { belowTitle, startOf } from './dialect-start.ts';
import { lineEndOf, lineEndsOf } from './line-ends.ts';
import { type Candidate, extraCell, isUrl, measure, measureEscaped } from './measure-dialect.ts';
import { lineAt } from './quoted-record.ts';

/** What the user says of a file; it is not asked of the content then. */
export interface GivenDialect {
  readonly delimiter?: string | undefined;
  readonly quote?: string | undefined;
  /** What a backslash means: nothing, or that the letter behind it is no quote (without quotes: any letter). */
  readonly escapes?: 'none' | 'backslash' | undefined;
  readonly columns?: readonly string[] | undefined;
  /** Lines above the header, or above the first row. */
  readonly skipLines?: number | undefined;
  /** What comes of it is told by its first two lines, however many are there by then: a resume finds the same. */
  readonly isPipe?: boolean | undefined;
}

/** A line that begins with an address, or with what is no table: a space may be part of it. */
const NOT_SPACED = /^[^\S\r\n]*(?:[{<]|["']?(?:https?|s3|gs|ftp):\/\/)/im;

/** More of a file tells no more about how it was written. Chosen. */
const SAMPLE_BYTES = 128 * 1024;

/**
 * @param all - first bytes as UTF-8, without a byte order mark
 * @param isWhole - there are no more
 * @param usual - the delimiter that the file's name says; others are tried when it is in no first line
 */
export function detectDialect(all: Buffer, isWhole: boolean, usual: string, given: GivenDialect = {}): FileDialect {
  const head = given.isPipe === true ? firstLines(all, given.skipLines) : all;
  const cut = head.length <= SAMPLE_BYTES ? head : head.subarray(0, SAMPLE_BYTES);
  const quote = given.quote ?? '"';
  const lineEnd = lineEndOf(cut, quote);
  const isAll = isWhole && cut === all;
  const lastEnd = cut.lastIndexOf(lineEnd);
  // The last line is half a line.
  const sample = isAll || lastEnd < 0 ? cut : cut.subarray(0, lastEnd + 1);
  const hasSlashes = sample.includes('\\');
  const plain = { ...PLAIN_DIALECT, lineEnd, quote, lineEnds: lineEndsOf(sample, lineEnd), hasSlashes };
  const start = startOf(sample, plain, given.skipLines);
  const named = given.delimiter ?? start.delimiter;
  const look = (base: FileDialect): Candidate => {
    const of = (delimiter: string) => withQuotes(sample, { ...base, delimiter }, given, isAll);
    return named === undefined ? ofDelimiters(of, usual, sample) : of(named);
  };
  const first = look(start.dialect);
  const isTold = given.isPipe === true || given.skipLines !== undefined || given.columns !== undefined;
  const best = (isTold ? undefined : belowTitle(sample, start.dialect, first, look)) ?? first;
  const isAsked = given.escapes === undefined && (given.quote === undefined || given.quote === '');
  const how = isAsked ? withEscapes(sample, best, isAll) : best;
  return withHeader(how, given.columns, lineAt(sample, how.dialect.begin.bytes, sample.length, how.dialect).next);
}

/** Up to the second line, behind those that are to be skipped, that is neither empty nor a comment. */
function firstLines(head: Buffer, skipLines = 0): Buffer {
  let [lines, skipped] = [0, 0];
  for (let from = 0, end = head.indexOf('\n'); end >= 0; from = end + 1, end = head.indexOf('\n', from)) {
    if (skipped++ < skipLines) continue;
    const line = head.toString('latin1', from, end).trim();
    if (line !== '' && !line.startsWith('#')) lines++;
    if (lines === 2) return head.subarray(0, end + 1);
  }
  return head;
}

/** The likeliest of several delimiters: where most records have as many cells as the first, and that has most cells. */
function ofDelimiters(look: (delimiter: string) => Candidate, usual: string, sample: Buffer): Candidate {
  const found = [usual, ...DELIMITERS.filter((delimiter) => delimiter !== usual)].map(look);
  const several = found.filter(({ columns }) => columns > 1);
  if (several.length === 0) {
    const spaced = look(' ');
    const isTable = spaced.columns > 1 && spaced.records > 1 && spaced.bad === 0;
    if (isTable && spaced.wrapped > 0) return spaced;
    if (isTable && spaced.urls >= spaced.records - 1 && !NOT_SPACED.test(sample.toString('latin1'))) return spaced;
  }
  const evenness = ({ records, bad }: Candidate): number => 1 - bad / Math.max(1, records - 1);
  const best = several.reduce<Candidate | undefined>((best, other) => {
    if (best === undefined) return other;
    const [here, there] = [evenness(best), evenness(other)];
    if (Math.abs(here - there) > 0.1) return there > here ? other : best;
    if (other.broken !== best.broken) return other.broken < best.broken ? other : best;
    // Of two that divide URLs and what is beside them into as many, a tab is part of neither.
    const isTab = other.dialect.delimiter === '\t' && there === 1 && isUrl(other.first[0]);
    return other.columns > best.columns || (isTab && other.columns === best.columns) ? other : best;
  }, undefined);
  // A list with commas in some of its URLs.
  return best === undefined || (evenness(best) < 0.5 && isUrl(best.first[0])) ? look('') : best;
}

function withQuotes(sample: Buffer, dialect: FileDialect, given: GivenDialect, isAll: boolean): Candidate {
  const { escapes } = given;
  const quote = given.quote ?? '"';
  if (escapes === 'backslash' && quote === '')
    return measureEscaped(sample, { ...dialect, quote, escapes: 'all' }, isAll);
  const asked = escapes === 'backslash' ? ({ escapes, bareEscapes: true } as const) : undefined;
  const plain: FileDialect = { ...dialect, quote, ...asked };
  // Two lines do not tell.
  if (given.isPipe === true) return measure(sample, plain, isAll);
  const variants: FileDialect[] = [plain];
  if (quote !== '' && sample.includes(quote)) {
    const slashed = { ...plain, escapes: 'backslash' } as const;
    const isSpaced = hasPair(sample, ' ', quote);
    if (escapes === undefined && hasPair(sample, '\\', quote)) variants.push(slashed);
    if (isSpaced) variants.push({ ...plain, spaces: true });
    if (isSpaced && escapes === undefined) variants.push({ ...slashed, spaces: true });
  }
  const tried = variants.map((variant) => measure(sample, variant, isAll));
  const best = tried.reduce((best, other) => (other.cost < best.cost ? other : best));
  if (given.quote !== undefined || escapes === 'backslash') return best;
  const single = withSingleQuotes(sample, plain, best, isAll);
  if (single !== undefined) return single;
  const isRaw = dialect.delimiter === '\t' && best.wrapped > 0 && best.needed === 0 && best.inner >= best.wrapped;
  if (!isRaw && (best.bad === 0 || best.broken <= best.wrapped)) return best;
  const literal = measure(sample, { ...dialect, quote: '' }, isAll);
  // Who writes quotes where they are needed has them around cells with quotes inside.
  if (isRaw && literal.bad <= best.bad) return literal;
  // Where quotes are odd, another delimiter may explain them.
  return literal.cost < best.cost ? { ...literal, broken: best.broken } : best;
}

/** The same where apostrophes stand around cells, which they do in prose as well: all has to be even with them, and nothing without. */
function withSingleQuotes(
  sample: Buffer,
  dialect: FileDialect,
  best: Candidate,
  isAll: boolean,
): Candidate | undefined {
  const { delimiter } = dialect;
  const before = [delimiter, '\n'];
  if (best.wrapped > 0 || delimiter === '' || !before.some((letter) => hasPair(sample, letter, "'"))) return undefined;
  const isAddress = before.some((letter) => sample.includes(`${letter}'http`));
  if (best.bad === 0 && !isAddress) return undefined;
  const single = measure(sample, { ...dialect, quote: "'" }, isAll);
  return single.bad === 0 && single.broken === 0 && single.wrapped > 0 ? single : undefined;
}

/**
 * The same where a backslash takes the meaning of delimiters and line ends, or nothing is written as one: what databases
 * write as text has no quotes.
 */
function withEscapes(sample: Buffer, best: Candidate, isAll: boolean): Candidate {
  const { delimiter } = best.dialect;
  if (delimiter === '') return best;
  const letter = `\\x${delimiter.charCodeAt(0).toString(16).padStart(2, '0')}`;
  const text = sample.toString('latin1');
  const hasNulls = new RegExp(`[${letter}\n]\\\\N(?=[${letter}\r\n]|$)`).test(text);
  const hasEscapes = hasPair(sample, '\\', delimiter) || hasPair(sample, '\\', '\n');
  const isTabbed = delimiter === '\t';
  // `\N` in a file with tabs is a database's text; in one with commas it may be the null of any csv, whose quotes come later.
  const isText =
    (best.wrapped === 0 && hasNulls && (isTabbed || hasPair(sample, '\\', '\\'))) ||
    (isTabbed && (END_OF_COPY.test(text) || (best.wrapped === 0 && isDatabaseText(text))));
  if (!isText && !hasEscapes) return best;
  const escaped = measureEscaped(sample, { ...best.dialect, quote: '', escapes: 'all', spaces: false }, isAll);
  if (!isText && escaped.broken > 0) return best;
  const odd = best.bad + best.longer.empty + best.longer.named;
  // What is between quotes there, and has delimiters, is uneven without them.
  if (best.wrapped > 0 && !isTabbed && escaped.bad > 0) return best;
  return escaped.bad < odd || (isText && escaped.bad === odd) ? escaped : best;
}

/** What PostgreSQL's COPY has behind its rows. */
const END_OF_COPY = /^\\\.\r?\n?$/m;

/**
 * Backslashes stand only where a database puts one: those that are meant are written twice, and where none is, all that
 * there is are line ends and tabs, in no URL, path or formula. And there is no JSON that has them.
 */
function isDatabaseText(text: string): boolean {
  const slashes: readonly string[] = text.match(/\\[\s\S]?/g) ?? [];
  const isTwice = slashes.includes('\\\\');
  const isOther = /(?:\b[a-z]:|:\/\/(?:(?!:\/\/)[^\s\\])*|\$[^$\t\n]*)\\/i.test(text);
  if (!isTwice && (slashes.length === 0 || isOther)) return false;
  if (!slashes.every((pair) => (isTwice ? /^\\[\\ntrbfv0ZN'\t\n]$/ : /^\\[ntr]$/).test(pair))) return false;
  return !/(?:^|\t)(?:\{"|\[)[^\t\n]*\\/m.test(text);
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
