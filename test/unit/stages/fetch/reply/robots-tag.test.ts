import { expect, it } from 'vitest';
import { robotsOptOut } from '../../../../../src/stages/fetch/reply/reply-headers.ts';

const REFUSED = ['noai', 'noimageai', 'noindex', 'noimageindex'];

it.each([
  [undefined, undefined],
  ['', undefined],
  ['noai', 'noai'],
  ['NoAI', 'noai'],
  ['nofollow, noimageai', 'noimageai'],
  ['all', undefined],
  ['nofollow', undefined],
  ['none', 'none'],
  ['googlebot: noindex', undefined],
  ['googlebot: nofollow, noindex', undefined],
  ['flow-dc: noindex', 'noindex'],
  ['*: noai', 'noai'],
  ['otherbot: noindex, flow-dc: noai', 'noai'],
  ['unavailable_after: 25 Jun 2030 15:00:00 PST', undefined],
  ['unavailable_after: Fri, 25 Jun 2030 15:00:00 GMT, noai', 'noai'],
  ['max-snippet: 5, noindex', 'noindex'],
  ['max-image-preview:large', undefined],
  ['noindexing', undefined],
])('X-Robots-Tag: %s', (header, expected) => {
  expect(robotsOptOut(header, REFUSED)).toBe(expected);
});

it('of several headers each one counts', () => {
  expect(robotsOptOut(['nofollow', 'googlebot: noindex', 'noai'], REFUSED)).toBe('noai');
  expect(robotsOptOut(['googlebot: noindex', 'nofollow'], REFUSED)).toBeUndefined();
});

it('an agent named in one header says nothing about the next', () => {
  expect(robotsOptOut(['googlebot: noindex', 'noindex'], REFUSED)).toBe('noindex');
});

it('is ignored with an empty list', () => {
  expect(robotsOptOut('noai', [])).toBeUndefined();
});

it('none only means noindex where noindex is refused', () => {
  expect(robotsOptOut('none', ['noai'])).toBeUndefined();
});
