/** Where the table of a delimited file begins: behind what programs and people have above it. */
import { DELIMITERS, type FileDialect } from './dialect.ts';
import { type Candidate, isUrl } from './measure-dialect.ts';
import { lineAt } from './quoted-record.ts';

/** Titles above a header have at most so many lines. Chosen. */
const MOST_TITLE_LINES = 12;
/** What the column of URLs is called, if anything is. */
const URL_NAME = /^[\w .-]*ur[il]s?$/i;

/** Behind lines that are to be skipped, Excel's `sep=;`, and comments: the header may be the last of them. */
export function startOf(
  sample: Buffer,
  base: FileDialect,
  skipLines: number | undefined,
): { dialect: FileDialect; delimiter?: string } {
  if (skipLines !== undefined) return { dialect: { ...base, ...behindLines(sample, base, skipLines) } };
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
  const behind = text(last.at + 1, last.stop);
  const delimiter = DELIMITERS.find((letter) => behind.includes(letter));
  const columns = delimiter === undefined ? 0 : next.split(delimiter).length;
  // `#`, a delimiter, and then the names.
  const isApart = delimiter !== undefined && behind[0] === delimiter && behind.split(delimiter).length === columns + 1;
  const header = isApart ? behind.slice(1) : behind;
  const isHeader =
    delimiter === undefined
      ? /^\s*\w*ur[il]\w*\s*$/i.test(header)
      : header.split(delimiter).length === columns && !isUrl(header.split(delimiter)[0]);
  const begin = isHeader
    ? { bytes: last.at + (isApart ? 2 : 1), lines: lines - 1 }
    : { bytes: Math.min(last.next, sample.length), lines };
  return { dialect: { ...base, comments: true, begin } };
}

/**
 * The table below a title of a few lines: records that are all alike, most of them with a URL, below a header without
 * one. Undefined where the first line is as good a header: it divides most records, and no other names their URLs.
 * @param look - how well the file is told apart when it begins there
 */
export function belowTitle(
  sample: Buffer,
  base: FileDialect,
  best: Candidate,
  look: (dialect: FileDialect) => Candidate,
): Candidate | undefined {
  const isEven = best.columns > 1 && best.bad * 2 <= best.records;
  if (best.first.some((cell) => isUrl(cell) || (isEven && URL_NAME.test(cell)))) return undefined;
  let table: Candidate | undefined;
  for (let lines = 1; lines <= MOST_TITLE_LINES; lines++) {
    const start = behindLines(sample, base, lines);
    const line = sample.toString(
      'utf8',
      start.begin.bytes,
      lineAt(sample, start.begin.bytes, sample.length, base).stop,
    );
    const isNamed = line.split(/["',;|\t]/).some((cell) => URL_NAME.test(cell.trim()));
    if (!isNamed && (isEven || table !== undefined)) continue;
    const found = look({ ...base, ...start });
    if (found.first.some(isUrl)) break;
    if (found.columns > 1 && found.records > 1 && found.bad === 0 && found.urls * 2 >= found.records - 1) table = found;
  }
  return table;
}

/** @param lines - behind those that are left out anyway */
function behindLines(sample: Buffer, base: FileDialect, lines: number): Pick<FileDialect, 'begin' | 'skipped'> {
  let { bytes } = base.begin;
  for (let line = 0; line < lines; line++) bytes = lineAt(sample, bytes, sample.length, base).next;
  return { begin: { bytes: Math.min(bytes, sample.length), lines: base.begin.lines + lines }, skipped: lines };
}
