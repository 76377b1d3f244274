/** csv and tsv as the libraries write them, in every way they have; and what hands and scripts make of it. */
import { CAPTIONS, LABELS, type ManifestCase, N, SIMPLE_TEXTS, TEXTS, URLS } from './manifest-case.ts';

const lines = (...all: readonly string[]): string => all.map((line) => `${line}\n`).join('');
const [A, B, C, D, E, F] = URLS as [string, string, string, string, string, string];
const three = { url: [A, B, C] };
const whole = (input: string, how: string, rows: ManifestCase['rows'] = TEXTS): ManifestCase => ({
  name: input,
  input,
  rows,
  says: [how],
});
const hand = (name: string, file: string, content: string | Uint8Array, one: Partial<ManifestCase>): ManifestCase => ({
  name,
  input: file,
  files: { [file]: content },
  ...one,
});

const WRITTEN: readonly ManifestCase[] = [
  whole('pandas/plain.csv', 'comma-separated, quoted by ", LF)'),
  whole('pandas/semicolon.csv', 'semicolon-separated, quoted by ", LF)'),
  whole('pandas/tab.tsv', 'tab-separated, quoted by ", LF)'),
  whole('pandas/pipe.csv', 'pipe-separated, quoted by ", LF)'),
  whole('pandas/quote-all.csv', 'comma-separated, quoted by ", LF)'),
  whole('pandas/quote-nonnumeric.csv', 'comma-separated, quoted by ", LF)'),
  whole('pandas/quote-none.csv', 'comma-separated, quoted by ", LF)', SIMPLE_TEXTS),
  whole('pandas/backslash.csv', 'comma-separated, quotes escaped by \\, LF)'),
  whole('pandas/cp1252.csv', 'comma-separated, quoted by ", LF, windows-1252)'),
  whole('pandas/utf16.csv', 'comma-separated, quoted by ", LF, utf-16le)'),
  whole('pandas/utf8-sig.csv', 'comma-separated, quoted by ", LF)'),
  whole('pandas/plain.csv.gz', 'comma-separated'),
  whole('pandas/crlf.csv', 'comma-separated, quoted by ", LF and CRLF)'),
  whole('pandas/cr.csv', 'comma-separated, quoted by ", CR)'),
  whole('pandas/na.csv', 'comma-separated', { ...TEXTS, caption: CAPTIONS.map((caption) => caption ?? 'NA') }),
  whole('pandas/index.csv', 'comma-separated', { ...TEXTS, column_1: N.map(String) }),
  whole('pandas/twice.csv', 'the column name url occurs again', { url: URLS, url_2: URLS }),
  whole('pandas/multi-index.csv', 'comma-separated', {
    ...SIMPLE_TEXTS,
    column_1: ['a', 'a', 'a', 'b', 'b', 'b'],
    column_2: N.map(String),
  }),
  whole('pandas/no-header.csv', 'no header: url, column_2', {
    url: URLS,
    column_2: CAPTIONS,
    column_3: LABELS,
    column_4: N.map(String),
  }),
  { ...whole('pandas/single-quote.csv', "quoted by '", TEXTS), flags: ['--quote', 'single'] },
  { ...whole('pandas/spaces.csv', 'space-separated', SIMPLE_TEXTS), flags: ['--delimiter', 'space'] },
  {
    ...whole('pandas/cp932.csv', 'shift_jis', { url: URLS, caption: ['猫', '犬', '鶏', '牛', '蜂', '蟻'] }),
    flags: ['--encoding', 'shift_jis'],
  },
  {
    ...whole('pandas/no-header.csv', 'no header: url, caption, label, n', TEXTS),
    name: 'pandas/no-header.csv with names',
    flags: ['--columns', 'url,caption,label,n'],
  },
  whole('pandas/escapes-no-quotes.csv', 'comma-separated, no quoting, escapes with \\, LF)', {
    url: [A, B, C, E, F],
    caption: CAPTIONS.filter((_, i) => i !== 3),
  }),
  whole('polars/plain.csv', 'comma-separated, quoted by ", LF)'),
  whole('polars/tab.tsv', 'tab-separated, quoted by ", LF)'),
  whole('polars/always.csv', 'comma-separated, quoted by ", LF)'),
  whole('polars/non-numeric.csv', 'comma-separated, quoted by ", LF)'),
  whole('polars/never.csv', 'comma-separated', SIMPLE_TEXTS),
  whole('polars/bom.csv', 'comma-separated, quoted by ", LF)'),
  whole('polars/crlf.csv', 'comma-separated, quoted by ", LF and CRLF)'),
  whole('polars/null-word.csv', 'comma-separated', { ...TEXTS, caption: CAPTIONS.map((caption) => caption ?? 'null') }),
  whole('polars/no-header.csv', 'no header: url, column_2', { url: URLS, column_2: CAPTIONS }),
  whole('pyarrow/plain.csv', 'comma-separated, quoted by ", LF)'),
  whole('pyarrow/valid.csv', 'comma-separated, quoted by ", LF)'),
  whole('pyarrow/none.csv', 'comma-separated', SIMPLE_TEXTS),
  whole('pyarrow/semicolon.csv', 'semicolon-separated, quoted by ", LF)'),
  whole('duckdb/plain.csv', 'comma-separated, quoted by ", LF)'),
  whole('duckdb/semicolon.csv', 'semicolon-separated, quoted by ", LF)'),
  whole('duckdb/tab.tsv', 'tab-separated, quoted by ", LF)'),
  whole('duckdb/forced.csv', 'comma-separated, quoted by ", LF)'),
  whole('duckdb/backslash.csv', 'comma-separated, quotes escaped by \\, LF)'),
  whole('duckdb/no-header.csv', 'no header: url, column_2', { url: URLS, column_2: CAPTIONS }),
  whole('duckdb/null-word.csv', 'comma-separated', { ...TEXTS, caption: CAPTIONS.map((caption) => caption ?? 'NULL') }),
  whole('duckdb/plain.csv.gz', 'comma-separated'),
];

const MADE: readonly ManifestCase[] = [
  hand('tsv with literal quotes', 'm.tsv', lines('caption\turl', `plain\t${A}`, `"hello\t${B}`, `say "hi"\t${C}`), {
    rows: { ...three, caption: ['plain', '"hello', 'say "hi"'] },
    says: ['tab-separated, no quoting, LF'],
  }),
  hand('a header with CRLF, rows with LF', 'm.csv', `url,caption\r\n${A},x\n${B},y\n${C},z\n`, {
    rows: { ...three, caption: ['x', 'y', 'z'] },
    says: ['LF and CRLF'],
  }),
  hand('a header with LF, rows with CRLF', 'm.csv', `url,caption\n${A},x\r\n${B},y\r\n${C},z\r\n`, {
    rows: { ...three, caption: ['x', 'y', 'z'] },
  }),
  hand('a stray quote in a cell', 'm.csv', lines('url,caption', `${A},5" pipe`, `${B},6"`, `${C},"7"" wide"`), {
    rows: { ...three, caption: ['5" pipe', '6"', '7" wide'] },
  }),
  hand('one column with commas in it', 'm.csv', lines('url', `${A}?x=1,2`, B, C), {
    rows: { url: [`${A}?x=1,2`, B, C] },
    says: ['one column'],
  }),
  hand('a space before quotes', 'm.csv', lines('url, caption', `${A}, "a, b"`, `${B}, "c"`, `${C}, d`), {
    rows: { ...three, caption: ['a, b', 'c', ' d'] },
  }),
  hand('comments on top', 'm.csv', lines('# made by a script', '#', 'url,caption', `${A},#1`, `${B},`, `${C},x`), {
    rows: { ...three, caption: ['#1', null, 'x'] },
    says: ['comments with #'],
  }),
  hand(
    'cp1252 without a word about it',
    'm.csv',
    Buffer.from(`url,caption\n${A},caf\xe9\n${B},\x93q\x94\n`, 'latin1'),
    {
      rows: { url: [A, B], caption: ['café', '“q”'] },
      says: ['windows-1252'],
    },
  ),
  hand('UTF-16 without a mark', 'm.tsv', Buffer.from(`url\tcaption\n${A}\té\n${B}\tü\n`, 'utf16le'), {
    rows: { url: [A, B], caption: ['é', 'ü'] },
    says: ['utf-16le'],
  }),
  hand('a byte that is not UTF-8 among many that are', 'm.csv', damaged(), {
    rows: { url: [A, B], caption: ['ünï \ufffd ö', 'ä'] },
    says: ['bytes that are not UTF-8 were replaced'],
  }),
  hand(
    'rows with too few and too many cells',
    'm.csv',
    lines('url,caption,n', `${A},x,1`, B, `${C},y,2,3`, `${D},z,4`),
    {
      rows: { url: [A, B, null, D], caption: ['x', null, null, 'z'] },
      bad: { 4: 'has 4 cells, unlike the header, which has 3' },
      says: [/line 3 has 1 cell.*: the rest is null/],
    },
  ),
  hand('bad rows that are to end it', 'm.csv', lines('url,caption', `${A},x`, `${B},y,z`), {
    flags: ['--on-bad-row', 'fail'],
    code: 1,
    says: ['line 3', 'on_bad_row skip'],
  }),
  hand('a quote that is never closed', 'm.csv', lines('url,caption', `${A},x`, `${B},"never, closed`, `${C},y`), {
    rows: { url: [A, null, C], caption: ['x', null, 'y'] },
    bad: { 3: 'has 3 cells' },
  }),
  hand('empty lines between rows', 'm.csv', `url,caption\n\n${A},x\n\n\n${B},y\n${C},z\n\n`, { rows: three }),
  hand('no line end behind the last row', 'm.csv', `url,caption\n${A},x\n${B},y\n${C},"z"`, { rows: three }),
  hand('a list of URLs', 'm.txt', lines(...URLS), {}),
  hand('a list of quoted URLs', 'm.txt', lines(...URLS.map((url) => `"${url}"`)), {}),
  hand('a list whose header is quoted', 'm.txt', lines('"url"', ...URLS.map((url) => `"${url}"`)), {}),
  hand('a list with a header', 'm.txt', lines('url', ...URLS), {}),
  hand('a list with a header in capitals', 'm.txt', lines('URL', ...URLS), { rows: { url: URLS } }),
  hand('a list with white space and a mark', 'm.txt', `\ufeff${URLS.map((url) => `  ${url}\t\r\n`).join('\r\n')}`, {}),
  hand('two exports with marks, one behind the other', 'm.csv', `\ufeffurl,n\n${A},1\n\ufeffurl,n\n${B},2\n`, {
    rows: { url: [A, B], n: ['1', '2'] },
    says: ['line 3 is the header again: it is left out'],
  }),
  hand('two lists with marks, one behind the other', 'm.txt', `\ufeff${A}\n${B}\n\ufeff${C}\n`, { rows: three }),
  hand('delimiters behind every row', 'm.csv', lines('url,caption', `${A},x,`, `${B},y,`, `${C},z,`), {
    rows: { ...three, caption: ['x', 'y', 'z'] },
    says: ['a cell more than the header has: column_3, the last one'],
  }),
  hand('delimiters behind every row and the header', 'm.csv', lines('url,caption,', `${A},x,`, `${B},y,`, `${C},z,`), {
    rows: { ...three, caption: ['x', 'y', 'z'] },
  }),
  hand('pipes on both sides, as of markdown', 'm.csv', lines('|url|caption|', `|${A}|x|`, `|${B}|y|`), {
    rows: { url: [A, B], caption: ['x', 'y'] },
  }),
  hand('numbers found as numbers', 'm.csv', lines('url,n,x', `${A},1,0.5`, `${B},2,1.5`, `${C},,`), {
    flags: ['--infer-types'],
    rows: { ...three, n: [1, 2, null], x: [0.5, 1.5, null] },
  }),
];

function damaged(): Buffer {
  return Buffer.concat([Buffer.from(`url,caption\n${A},ünï `), Buffer.from([0xff]), Buffer.from(` ö\n${B},ä\n`)]);
}

export const DELIMITED: readonly ManifestCase[] = [...WRITTEN, ...MADE];
export { lines };
