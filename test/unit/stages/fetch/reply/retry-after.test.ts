import { expect, it } from 'vitest';
import { retryAfterMs } from '../../../../../src/stages/fetch/reply/reply-headers.ts';

const NOW = Date.UTC(2026, 0, 1, 12, 0, 0);
const HOUR = 3_600_000;

it.each([
  [undefined, undefined],
  ['120', 120_000],
  [' 5 ', 5000],
  ['0', 0],
  ['1.5', 1500],
  ['999999', 999_999_000],
  ['1000000000000', 1e15],
  ['9'.repeat(400), Number.POSITIVE_INFINITY],
  ['Fri, 31 Dec 9999 23:59:59 GMT', Date.UTC(9999, 11, 31, 23, 59, 59) - NOW],
  ['Thu, 01 Jan 2026 12:00:30 GMT', 30_000],
  ['Thursday, 01-Jan-26 12:00:30 GMT', 30_000],
  ['Thu, 01 Jan 2026 11:00:00 GMT', 0],
  ['Fri, 02 Jan 2026 12:00:00 GMT', 24 * HOUR],
  ['soon', undefined],
  ['-5', undefined],
  ['', undefined],
  ['1e9', undefined],
])('Retry-After: %s means %s ms', (header, expected) => {
  expect(retryAfterMs(header, NOW)).toBe(expected);
});
