import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { visible } from '../../src/visible.ts';

const nasty = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '\u001b[31m',
      '\u009b2J',
      '\n',
      '\r',
      '\t',
      '\u202e',
      '\u2066',
      '\u2028',
      '\u007f',
      '\ufeff',
      '\u200b',
      '\u{e0020}',
      '"',
      '\\',
    ),
    fc.string({ unit: 'binary', maxLength: 3 }),
  ),
});

describe('visible', () => {
  it.each([
    ['\u001b]0;PWN\u0007col', '\\u001b]0;PWN\\u0007col'],
    ['two\nlines\r\n\tof', 'two\\nlines\\r\\n\\tof'],
    ['gpj.\u202eexe', 'gpj.\\u202eexe'],
    ['\u009b31m', '\\u009b31m'],
    ['zero\u200bwidth so\u00adft \u{e0041}', 'zero\\u200bwidth so\\u00adft \\udb40\\udc41'],
    ['naïve 日本語 עברית 👩‍👩‍👧', 'naïve 日本語 עברית 👩‍👩‍👧'],
  ])('shows %j as %j', (text, shown) => expect(visible(text)).toBe(shown));

  it('leaves nothing that a terminal would obey, and nothing to do for a second time', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const shown = visible(text);
        expect(shown).not.toMatch(
          /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\u200b\u00ad\u{e0000}-\u{e007f}]/u,
        );
        expect(visible(shown)).toBe(shown);
      }),
    );
  });

  it('leaves JSON the value that it was', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        expect(JSON.parse(visible(JSON.stringify([text])))).toEqual([text]);
      }),
    );
  });
});
