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
  ['999999', HOUR],
  ['Thu, 01 Jan 2026 12:00:30 GMT', 30_000],
  ['Thursday, 01-Jan-26 12:00:30 GMT', 30_000],
  ['Thu, 01 Jan 2026 11:00:00 GMT', 0],
  ['Fri, 02 Jan 2026 12:00:00 GMT', HOUR],
  ['soon', undefined],
  ['-5', undefined],
  ['', undefined],
  ['1e9', undefined],
])('Retry-After: %s means %s ms', (header, expected) => {
  expect(retryAfterMs(header, NOW)).toBe(expected);
});
