/** How the cells and records of a text file are told apart, and what that is called. */

export interface Dialect {
  /** One ASCII letter; empty in a file of one column. */
  readonly delimiter: string;
  /** One ASCII letter; empty where quotes mean nothing. */
  readonly quote: string;
  /**
   * How a quote within quotes is written; doubled ones are understood in both. `all`: there are no quotes, and a
   * backslash takes the meaning of any letter, a delimiter's and a line end's as well (see escaped-record.ts).
   */
  readonly escapes: 'doubled' | 'backslash' | 'all';
  /** With `backslash`: it is one in cells without quotes around them as well. */
  readonly bareEscapes?: boolean | undefined;
  /** What ends a record. A CR in front of LF belongs to it, so that both kinds may be in a file. */
  readonly lineEnd: '\n' | '\r';
  /** Spaces may stand in front of a quote, and mean nothing. */
  readonly spaces: boolean;
  /** Lines that begin with # are no records, unless they have as many cells as one. */
  readonly comments: boolean;
}

/** How a file is to be read: what was found in its first bytes, or given. */
export interface FileDialect extends Dialect {
  /** What is in front of the header (or the first record): bytes of UTF-8 behind a byte order mark, and lines. */
  readonly begin: { readonly bytes: number; readonly lines: number };
  /** Names of the columns of a file without a header line. */
  readonly columns?: readonly string[] | undefined;
  /** Rows have a cell more than the header: a name in front of them, or nothing behind them. */
  readonly extraCell?: 'first' | 'last' | undefined;
  /** Lines above the header that are none, comments and `sep=` aside. */
  readonly skipped?: number | undefined;
  /** A backslash is in the sample. */
  readonly hasSlashes?: boolean | undefined;
  /** Kinds of line ends in the sample, for people. */
  readonly lineEnds: readonly string[];
}

/** What csv and tsv are when nothing else is said. */
export const PLAIN_DIALECT: FileDialect = {
  delimiter: ',',
  quote: '"',
  escapes: 'doubled',
  lineEnd: '\n',
  spaces: false,
  comments: false,
  begin: { bytes: 0, lines: 0 },
  lineEnds: [],
};

/** Those that are looked for. */
export const DELIMITERS = [',', ';', '\t', '|', '\x01'];

const NAMES: Readonly<Record<string, string>> = {
  ',': 'comma',
  ';': 'semicolon',
  '\t': 'tab',
  '|': 'pipe',
  ' ': 'space',
  '\x01': 'control-A',
};

/** How text is read, in words; ASCII and UTF-8 go without saying. */
export function textWords(dialect: FileDialect, encoding: string): string {
  return dialectWords(dialect) + (/^(auto|utf-?8)$/i.test(encoding) ? '' : `, ${encoding}`);
}

/** In words, as `tab-separated, no quoting, LF and CRLF`. */
export function dialectWords(dialect: FileDialect): string {
  const { delimiter, lineEnds, comments } = dialect;
  const cells = delimiter === '' ? 'one column' : `${NAMES[delimiter] ?? JSON.stringify(delimiter)}-separated`;
  const rest = [skippedWords(dialect), comments ? 'comments with #' : '', columnWords(dialect)];
  return [cells, quoteWords(dialect), lineEnds.join(' and '), ...rest].filter((part) => part !== '').join(', ');
}

function quoteWords({ quote, escapes, hasSlashes = false }: FileDialect): string {
  if (escapes === 'all') return 'no quoting, escapes with \\';
  const slashes = hasSlashes ? ', \\ as it is' : '';
  if (quote === '') return `no quoting${slashes}`;
  return escapes === 'backslash' ? 'quotes escaped by \\' : `quoted by ${quote}${slashes}`;
}

function skippedWords({ skipped = 0 }: FileDialect): string {
  return skipped === 0 ? '' : `${skipped} line${skipped === 1 ? '' : 's'} above the header left out`;
}

function columnWords({ columns, extraCell }: FileDialect): string {
  if (columns === undefined) return '';
  const extra = extraCell === 'first' ? columns[0] : columns.at(-1);
  return extraCell === undefined
    ? `no header: ${columns.join(', ')}`
    : `a cell more than the header has: ${extra}, the ${extraCell} one`;
}
