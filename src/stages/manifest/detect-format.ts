/** What an input is, from its content first and its name second. */
import { FlowDcError } from '../../errors.ts';
import { detectDialect, type GivenDialect } from './detect-dialect.ts';
import { textWords } from './dialect.ts';
import { RECORD_SEPARATOR } from './lax-json.ts';
import type { DetectedFormat, ManifestFormat } from './manifest-info.ts';
import { type TextEncoding, ToUtf8 } from './text-encoding.ts';
import { type Packing, unpackedName } from './unpack/packing.ts';

/** With those that are made into another one before they are read. */
export type GivenFormat = 'auto' | ManifestFormat | 'excel' | 'xml';

/** First bytes of things that are often taken for a manifest. */
const FOREIGN: readonly (readonly [magic: string, what: string, fix: string])[] = [
  ['PARE', 'a parquet file with an encrypted footer', 'write it without encryption'],
  [
    '\xd0\xcf\x11\xe0',
    'an Excel workbook of the old kind (xls), or one with a password',
    'save it as xlsx without a password, or as csv',
  ],
  ['\xff\xfe\0\0', 'UTF-32 text', 'save it as UTF-8'],
  ['ARROW1', 'an Arrow IPC (feather) file', 'convert it to parquet'],
  ['ORC', 'an ORC file', 'convert it to parquet'],
  ['SQLite format 3', 'an SQLite database', 'export the table as csv'],
];

export interface HeadOfInput {
  /** First bytes, unpacked. */
  readonly head: Buffer;
  readonly packing?: Packing | undefined;
  /** There is no more. */
  readonly isWhole: boolean;
  /** File name, or - for stdin. */
  readonly name: string;
  /** What whoever sent it calls it; counts where the name says nothing. */
  readonly typed?: ManifestFormat | undefined;
}

/** What the user says of text. */
export interface GivenText extends GivenDialect {
  readonly encoding?: TextEncoding | undefined;
  readonly rowsAt?: string | undefined;
}

/**
 * What an input is, from its content first and its name where the content leaves a choice; a format that the user gave
 * wins over both, unless the content contradicts it. FDC_ERR_MANIFEST_EMPTY without content, FDC_ERR_MANIFEST_FORMAT
 * for what cannot be read, with the way to convert it.
 */
export function detectFormat(input: HeadOfInput, given: GivenFormat, say: GivenText = {}): DetectedFormat {
  const { head, packing, isWhole, name, typed } = input;
  const named = extension(name) ?? typed;
  if (head.length === 0)
    throw new FlowDcError('FDC_ERR_MANIFEST_EMPTY', `${name} is empty: expected a manifest with at least one row`);
  const magic = head.toString('latin1', 0, 32);
  if (magic.startsWith('PAR1')) {
    if (packing !== undefined) throw unreadable(name, `a parquet file packed with ${packing}`, 'unpack it first');
    if (given !== 'auto' && given !== 'parquet') throw wrongFormat(name, 'a parquet file', given);
    return { format: 'parquet' };
  }
  for (const [start, what, fix] of FOREIGN) if (magic.startsWith(start)) throw unreadable(name, what, fix);
  // What is one of them does not come here.
  if (given === 'excel') throw wrongFormat(name, 'no xlsx workbook', given);
  const converter = new ToUtf8(say.encoding ?? 'auto');
  const utf8 = Buffer.concat([converter.give(head), ...(isWhole ? [converter.end()] : [])]);
  const text = utf8.toString('utf8').trimStart();
  if (text === '')
    throw new FlowDcError(
      'FDC_ERR_MANIFEST_EMPTY',
      `${name} holds nothing but white space: expected a manifest with at least one row`,
    );
  if (text.startsWith('<')) throw markup(name, text, given);
  if (given === 'xml') throw wrongFormat(name, 'no XML', given);
  if (given === 'parquet' || (given === 'auto' && named === 'parquet')) {
    throw unreadable(
      name,
      'not a parquet file, whatever its name says',
      'download or export it again, or give its real input_format',
    );
  }
  if (utf8.includes(0)) throw unreadable(name, 'binary data of no known format', 'convert it to csv or parquet');
  const { encoding } = converter;
  const told = textFormat(behindLines(text, say.skipLines ?? 0), named, say.isPipe === true);
  if (given === 'auto' && !isTable(say) && PYTHON_LIST.test(text))
    throw unreadable(name, 'a list as Python prints it', 'write it with json.dump, or a URL in each line');
  const format = given !== 'auto' ? given : !isTable(say) ? told : told === 'tsv' ? 'tsv' : 'csv';
  if (format === 'txt' && lineOf(text).trimEnd().includes('\t'))
    throw unreadable(name, 'a table with tabs, not a list of URLs', 'leave input_format at auto');
  if (say.rowsAt !== undefined && format !== 'json' && format !== 'jsonl')
    throw unreadable(name, `read as ${format}, and rows_at is for JSON and XML`, 'leave rows_at out');
  if (format !== 'csv' && format !== 'tsv') return { format, packing, encoding, rowsAt: say.rowsAt };
  const dialect = detectDialect(utf8, isWhole, format === 'tsv' ? '\t' : ',', say);
  return { format, packing, encoding, dialect, how: textWords(dialect, encoding) };
}

/** Of URLs. */
const PYTHON_LIST = /^\[\s*u?'[a-z][a-z0-9+.-]*:\/\//i;

/** What only tables have is said of it. */
function isTable({ delimiter, quote, escapes, skipLines, columns }: GivenText): boolean {
  return [delimiter, quote, escapes, skipLines, columns].some((said) => said !== undefined);
}

/** The kind that a file's name says, `.gz` and the like aside; undefined for a name that says nothing. */
export function extension(name: string): ManifestFormat | undefined {
  // Of a URL, without its query; of a file in an archive, its own.
  const own = name.split('::').at(-1) as string;
  const path = own === name && /^[a-z]+:\/\//i.test(name) ? name.replace(/[?#].*$/s, '') : own;
  const ending = /\.([a-z0-9]+)$/i.exec(unpackedName(path))?.[1]?.toLowerCase() ?? '';
  return ENDINGS.get(ending);
}

const ENDINGS: ReadonlyMap<string, ManifestFormat> = new Map([
  ['parquet', 'parquet'],
  ['parq', 'parquet'],
  ['pq', 'parquet'],
  ['csv', 'csv'],
  ['tsv', 'tsv'],
  ['tab', 'tsv'],
  ['txt', 'txt'],
  ['json', 'json'],
  ['jsonl', 'jsonl'],
  ['ndjson', 'jsonl'],
]);

function textFormat(text: string, named: ManifestFormat | undefined, isPipe: boolean): ManifestFormat {
  if (text.startsWith('{') || text.startsWith(`${RECORD_SEPARATOR}{`)) return 'jsonl';
  if (/^\[\s*(?:[[{"\]]|$)/.test(text)) return 'json';
  if (named === 'csv' || named === 'tsv') return named;
  const firstLine = lineOf(text.replace(/^(?:#.*(?:\r?\n|\r))+/, ''));
  // Hive's.
  if (firstLine.includes('\x01')) return 'csv';
  if (/^[a-z][a-z0-9+.-]*:\/\/\S+\s*$/i.test(firstLine) && !/[,;|]./.test(firstLine)) return 'txt';
  if (firstLine.includes('\t')) return 'tsv';
  if (/^["']\w+:\/\//.test(firstLine)) return 'csv';
  if (CAPTIONED.test(firstLine)) return 'csv';
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(firstLine)) return 'txt';
  if (firstLine.includes('://') && areBareUrls(text)) return 'txt';
  if (isNamed(text, isPipe)) return 'csv';
  // A list of URLs may begin with a bad one, but a line of several names is a header.
  return named === 'txt' && !/[,;|]/.test(firstLine) && !HEADER.test(firstLine.trim()) ? 'txt' : 'csv';
}

/** A name of a column of URLs, or several names between quotes, as R writes them. */
const HEADER = /^(?:(["']?)\w*ur[il]\w*\1|"[^"]*"(?: "[^"]*")+)$/i;

/** A URL and a text behind it: no URL has white space behind a comma. */
const CAPTIONED = /^[a-z]+:\/\/[^\s,;|]+[,;|]\s*[^\s,;|]+\s+\S/i;

/** Of one column, whatever stands in front of it. */
const BARE_URL = /^\s*[a-z]+:\/\/[^\s,;|]+\s*$/i;

/** Most of a few lines behind the first. */
function areBareUrls(text: string): boolean {
  const lines = text
    .slice(0, 4096)
    .split(/\r?\n|\r/)
    .slice(1, 9);
  return lines.filter((line) => BARE_URL.test(line)).length * 2 > lines.length;
}

/** Names and the like in front of the URL, apart from it by a space: as many in every line. */
function isNamed(text: string, isPipe: boolean): boolean {
  const lines = firstLines(text, isPipe ? 2 : 16).map((line) => line.split(' '));
  const [first = []] = lines;
  const at = first.findIndex((part) => BARE_URL.test(part));
  return at > 0 && lines.every((parts) => parts.length === first.length && BARE_URL.test(parts[at] ?? ''));
}

/** Some, without the one that the text's end may cut. */
function firstLines(text: string, most: number): string[] {
  const lines = text.slice(0, 4096).split(/\r?\n|\r/);
  return lines.slice(0, Math.max(1, Math.min(most, lines.length - 1))).filter((line) => line.trim() !== '');
}

function behindLines(text: string, lines: number): string {
  let rest = text;
  for (let line = 0; line < lines; line++) rest = rest.slice(lineOf(rest).length).replace(/^(?:\r?\n|\r)/, '');
  return rest;
}

function lineOf(text: string): string {
  return text.split(/\r?\n|\r/, 1)[0] ?? '';
}

function markup(name: string, text: string, given: GivenFormat): FlowDcError {
  if (/^(?:<[?!][^<]*)*<(?:!doctype html|html|head|body|script)/i.test(text.slice(0, 1024))) {
    return unreadable(
      name,
      'an HTML page, not a manifest',
      'download the file itself (the server may have answered with a login or error page)',
    );
  }
  if (given === 'auto' || given === 'xml')
    return unreadable(name, 'markup that is no XML', 'convert it to csv or parquet');
  return wrongFormat(name, 'XML or other markup', given);
}

/** FDC_ERR_MANIFEST_FORMAT for what is another thing than the user said. */
export function wrongFormat(name: string, what: string, given: GivenFormat): FlowDcError {
  return unreadable(name, `${what}, not ${given}`, 'leave input_format at auto');
}

function unreadable(name: string, what: string, fix: string): FlowDcError {
  return new FlowDcError('FDC_ERR_MANIFEST_FORMAT', `${name} is ${what}: ${fix}`);
}
