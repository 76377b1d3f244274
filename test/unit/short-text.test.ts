import { describe, expect, it } from 'vitest';
import { FlowDcError } from '../../src/errors.ts';
import { shortened, someOf } from '../../src/short-text.ts';

describe('text of any length in a message', () => {
  it('stays as it is up to 200 characters', () => {
    expect(shortened('x'.repeat(200))).toBe('x'.repeat(200));
  });

  it('keeps its beginning and its end', () => {
    const text = shortened(`a.csv: ${'x'.repeat(3_000_000)} is too long`);
    expect(text).toHaveLength(200);
    expect(text).toMatch(/^a\.csv: x+…x+ is too long$/);
  });

  it('is not cut within a character', () => {
    for (let before = 0; before < 4; before++)
      expect(shortened(`${'x'.repeat(before)}${'🦋'.repeat(200)}`)).not.toMatch(/\p{Cs}/u);
  });

  it('is a few names of many', () => {
    expect(someOf(['a', 'b', 'c'], 2)).toBe('a, b and 1 more');
    expect(someOf(['x'.repeat(1000)], 2)).toHaveLength(40);
  });

  it('is cut in every error and in every issue of one, but for our own advice', () => {
    const long = 'x'.repeat(1000);
    const error = new FlowDcError('FDC_ERR_CONFIG_INVALID', long, { issues: [long], advice: '; do better' });
    expect(error.message).toHaveLength(200 + '; do better'.length);
    expect(error.message).toMatch(/x; do better$/);
    expect(error.issues[0]).toHaveLength(200);
  });
});
