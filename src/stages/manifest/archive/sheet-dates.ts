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
/** `[h]:mm:ss`, among them. */
const SPAN = 46;
/** Excel's own bound. */
const MAX_STYLES = 65_536;
const DAY_SECONDS = 86_400;

/** A day, a time of it, or both; or how long something takes. */
export type TimeKind = 'date' | 'span';

/** @param chunks - the workbook's styles. @returns which of them a style is */
export async function timeStyles(
  chunks: AsyncIterable<Buffer> | undefined,
): Promise<(style: number) => TimeKind | undefined> {
  const own = new Map<number, TimeKind | undefined>([[SPAN, 'span']]);
  const styles: number[] = [];
  let isInCells = false;
  await readXml(chunks, {
    open: (name, attributes) => {
      if (name === 'cellXfs') isInCells = true;
      if (name === 'numFmt') own.set(Number(attributes.numFmtId), kindOfCode(attributes.formatCode ?? ''));
      if (name === 'xf' && isInCells) styles.push(Number(attributes.numFmtId ?? 0));
      if (styles.length > MAX_STYLES || own.size > MAX_STYLES) throw new PackedError('over 65,536 styles', 'too large');
    },
    close: (name) => {
      if (name === 'cellXfs') isInCells = false;
    },
  });
  return (style) => {
    const format = styles[style] ?? 0;
    if (own.has(format)) return own.get(format);
    return DATES.some(([first, last]) => format >= first && format <= last) ? 'date' : undefined;
  };
}

/** Letters of a date, outside of quoted text, of colours, and of what stands behind a letter that takes its meaning. */
function kindOfCode(code: string): TimeKind | undefined {
  if (/\[(?:h+|m+|s+)\]/i.test(code)) return 'span';
  return /[ymdhs]/i.test(code.replace(/"[^"]*"|\[[^\]]*\]|[\\_*]./g, '').replace(/general/gi, '')) ? 'date' : undefined;
}

/** As `36:00:00`. @param days - what is none comes back as it is */
export function spanText(days: number): string {
  const seconds = Math.round(days * DAY_SECONDS);
  if (!Number.isSafeInteger(seconds)) return String(days);
  const [minutes, sign] = [Math.floor(Math.abs(seconds) / 60), seconds < 0 ? '-' : ''];
  const parts = [Math.floor(minutes / 60), minutes % 60, Math.abs(seconds) % 60];
  return sign + parts.map((part) => String(part).padStart(2, '0')).join(':');
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
