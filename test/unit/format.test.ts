import { describe, expect, it } from 'vitest';
import { byteSize, count } from '../../src/format.ts';

describe('numbers as people read them', () => {
  it.for([
    [0, '0'],
    [999.4, '999'],
    [999.5, '1,000'],
    [-123_456, '-123,456'],
    [1_234_567, '1,234,567'],
    [9_007_199_254_740_991, '9,007,199,254,740,991'],
  ] as const)('%d is %s', ([value, text]) => {
    expect(count(value)).toBe(text);
    expect(count(value)).toBe(Math.round(value).toLocaleString('en-US'));
  });

  it('have three digits where they are bytes', () => {
    expect([0, 999, 12_345, 4_561_000_000].map(byteSize)).toEqual(['0 B', '999 B', '12.3 kB', '4.56 GB']);
  });
});
