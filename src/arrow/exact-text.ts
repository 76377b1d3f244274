/** Decimals, 64-bit integers and times as text, without loss. */
import { TimeUnit } from 'apache-arrow';

/** Decimal digits after the second, by Arrow time unit (s, ms, us, ns). */
function fractionDigits(unit: TimeUnit): number {
  return unit === TimeUnit.SECOND ? 0 : unit === TimeUnit.MILLISECOND ? 3 : unit === TimeUnit.MICROSECOND ? 6 : 9;
}

/**
 * A decimal's little-endian two's complement words, scaled: words of 12345 with scale 2 give `123.45`.
 * A negative scale appends zeros.
 */
export function decimalText(words: Uint32Array | Int32Array, scale: number): string {
  let unscaled = 0n;
  for (let i = words.length - 1; i >= 0; i--) unscaled = (unscaled << 32n) | BigInt((words[i] as number) >>> 0);
  unscaled = BigInt.asIntN(words.length * 32, unscaled);
  if (scale <= 0) return (unscaled * 10n ** BigInt(-scale)).toString();
  const sign = unscaled < 0n ? '-' : '';
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/**
 * ISO 8601 with as many fraction digits as the unit has; `Z` only where the column is in UTC. Out of Date's range: the
 * bare count.
 */
export function timestampText(count: bigint, unit: TimeUnit, isUtc: boolean): string {
  const digits = fractionDigits(unit);
  const perSecond = 10n ** BigInt(digits);
  const fraction = ((count % perSecond) + perSecond) % perSecond;
  const date = new Date(Number((count - fraction) / perSecond) * 1000);
  if (Number.isNaN(date.getTime())) return count.toString();
  const seconds = date.toISOString().slice(0, -'.000Z'.length);
  return `${seconds}${digits === 0 ? '' : `.${fraction.toString().padStart(digits, '0')}`}${isUtc ? 'Z' : ''}`;
}

/** Milliseconds since the epoch as a date, or date and time where the column is not whole days. */
export function dateText(epochMs: number, isWholeDays: boolean): string {
  const date = new Date(epochMs);
  if (Number.isNaN(date.getTime())) return String(epochMs);
  const iso = date.toISOString();
  return isWholeDays ? iso.slice(0, iso.indexOf('T')) : iso;
}

/** Time of day as `HH:MM:SS` with the unit's fraction digits. */
export function timeText(count: bigint, unit: TimeUnit): string {
  return timestampText(count, unit, false).slice('1970-01-01T'.length);
}
