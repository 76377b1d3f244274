/** `64MiB`, `64M` and `64MB` alike are binary: nobody who sets a memory limit wants two meanings of M. */
const SIZE = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*$/i;

/** The same for the published schema, whose readers may lack flags. */
export const SIZE_PATTERN = '^\\s*\\d+(\\.\\d+)?\\s*[kKmMgGtT]?([iI]?[bB])?\\s*$';

const POWERS = ['', 'k', 'm', 'g', 't'];

/** Bytes of `65536`, `64KiB`, `1.5g`; whole, rounded. Undefined when the text is not a size. */
export function parseBytes(text: string): number | undefined {
  const match = SIZE.exec(text);
  if (match === null) return undefined;
  const power = POWERS.indexOf((match[2] ?? '').toLowerCase());
  const bytes = Math.round(Number(match[1]) * 1024 ** power);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The largest unit in which the number is whole: 67108864 is `64MiB`, 1000 is `1000`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let power = 0;
  while (value !== 0 && value % 1024 === 0 && power < POWERS.length - 1) {
    value /= 1024;
    power += 1;
  }
  return power === 0 ? String(value) : `${value}${(POWERS[power] as string).toUpperCase()}iB`;
}
