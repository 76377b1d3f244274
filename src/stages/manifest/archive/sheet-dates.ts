/** Which numbers of a workbook are dates, and how they are written. */
import { PackedError } from '../unpack/packed-error.ts';
import { readXml } from './xml-walk.ts';

/** Formats that every workbook has. Source: ECMA-376, part 1, 18.8.30. */
const DATES: readonly (readonly [number, number])[] = [
  [14, 22],
  [27, 36],
  [45, 47],
  [50, 58],
];
/** Excel's own bound. */
const MAX_STYLES = 65_536;
const DAY_SECONDS = 86_400;

/** @param chunks - the workbook's styles. @returns whether a cell of a style is a date */
export async function dateTest(chunks: AsyncIterable<Buffer> | undefined): Promise<(style: number) => boolean> {
  const own = new Map<number, boolean>();
  const styles: number[] = [];
  let isInCells = false;
  await readXml(chunks, {
    open: (name, attributes) => {
      if (name === 'cellXfs') isInCells = true;
      if (name === 'numFmt') own.set(Number(attributes.numFmtId), isDateCode(attributes.formatCode ?? ''));
      if (name === 'xf' && isInCells) styles.push(Number(attributes.numFmtId ?? 0));
      if (styles.length > MAX_STYLES || own.size > MAX_STYLES) throw new PackedError('over 65,536 styles', 'too large');
    },
    close: (name) => {
      if (name === 'cellXfs') isInCells = false;
    },
  });
  return (style) => {
    const format = styles[style] ?? 0;
    return own.get(format) ?? DATES.some(([first, last]) => format >= first && format <= last);
  };
}

/** Letters of a date, outside of quoted text, of colours, and of what stands behind a letter that takes its meaning. */
function isDateCode(code: string): boolean {
  return /[ymdhs]/i.test(code.replace(/"[^"]*"|\[[^\]]*\]|[\\_*]./g, '').replace(/general/gi, ''));
}

/**
 * As `2024-05-01`, `2024-05-01T12:30:00` or `12:30:00`.
 * @param value - days since the workbook's epoch; what is no date comes back as it is
 */
export function dateText(value: number, is1904: boolean): string {
  const seconds = Math.round((value + (is1904 ? 1462 : 0)) * DAY_SECONDS);
  // The 29th of February 1900 is one that never was.
  const date = new Date(Date.UTC(1899, 11, seconds < 60 * DAY_SECONDS ? 31 : 30) + seconds * 1000);
  if (!(value >= 0) || !(date.getUTCFullYear() < 10_000)) return String(value);
  const text = date.toISOString().slice(0, 19);
  if (value < 1) return text.slice(11);
  return seconds % DAY_SECONDS === 0 ? text.slice(0, 10) : text;
}
