import { describe, expect, it } from 'vitest';
import { TextHash } from '../../../src/structures/hash.ts';

describe('TextHash', () => {
  it('sets every bit of both halves in half of the texts', () => {
    const hash = new TextHash();
    const ones = new Array<number>(64).fill(0);
    for (let i = 0; i < 4000; i += 1) {
      const { low, high } = hash.of(`https://example.org/${i}.jpg`);
      for (let bit = 0; bit < 32; bit += 1) {
        ones[bit] = (ones[bit] ?? 0) + ((low >>> bit) & 1);
        ones[32 + bit] = (ones[32 + bit] ?? 0) + ((high >>> bit) & 1);
      }
    }
    // Five standard deviations of a fair coin.
    for (const count of ones) expect(Math.abs(count - 2000)).toBeLessThan(160);
  });

  it('tells texts apart by their length alone', () => {
    const of = (text: string): string => {
      const { low, high } = new TextHash().of(text);
      return `${low} ${high}`;
    };
    expect(new Set(['', '\0', '\0\0', '\0\0\0'].map(of)).size).toBe(4);
  });
});
