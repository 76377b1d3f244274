import { describe, expect, it } from 'vitest';
import { keyPattern, literalStart } from '../../../../src/stages/manifest/remote/key-pattern.ts';

describe('a pattern of keys', () => {
  it.each([
    ['a/*.csv', ['a/1.csv', 'a/.csv.csv'], [true, false]],
    ['a/?.csv', ['a/1.csv', 'a/12.csv', 'a/b/1.csv'], [true, false, false]],
    ['a/[0-9x].csv', ['a/3.csv', 'a/x.csv', 'a/y.csv'], [true, true, false]],
    ['a/[!0-9].csv', ['a/3.csv', 'a/y.csv', 'a//.csv'], [false, true, false]],
    ['a/{b,c}.{csv,tsv}', ['a/b.csv', 'a/c.tsv', 'a/d.csv', 'a/b,c.csv'], [true, true, false, false]],
    ['**/*.csv', ['1.csv', 'a/b/1.csv', 'a/.b/1.csv'], [true, true, false]],
    ['a/**', ['a/1.csv', 'a/b/c', 'b/1.csv'], [true, true, false]],
    ['a+(1).csv', ['a+(1).csv', 'aa1.csv'], [true, false]],
    ['ü/*', ['ü/ö', 'u/ö'], [true, false]],
  ])('is that of a shell: %s', (pattern, keys, matches) => {
    expect(keys.map((key) => keyPattern(pattern).test(key))).toEqual(matches);
  });

  it('tells what every key begins with', () => {
    expect(literalStart('parts/2024-*/x.csv')).toBe('parts/2024-');
  });
});
