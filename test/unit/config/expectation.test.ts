import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatBytes, parseBytes } from '../../../src/config/expectation.ts';

describe('sizes as text', () => {
  it.each([
    ['64MiB', 67_108_864],
    ['64mb', 67_108_864],
    ['1.5k', 1536],
    [' 10 G ', 10_737_418_240],
    ['123', 123],
    ['7B', 7],
  ])('reads %j as %d bytes', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  it.each(['', 'MiB', '-1', '1XB', '1e3', '999999999T'])('does not take %j for a size', (text) => {
    expect(parseBytes(text)).toBeUndefined();
  });

  it('reads back what it writes', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (bytes) => parseBytes(formatBytes(bytes)) === bytes));
  });
});
