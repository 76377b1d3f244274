import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DistinctCount } from '../../../src/structures/distinct-count.ts';
import { HyperLogLog } from '../../../src/structures/hyper-log-log.ts';
import { TextHash } from '../../../src/structures/text-hash.ts';

describe('DistinctCount', () => {
  it('counts any texts exactly as a Set does', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 6 }), { maxLength: 200 }), (texts) => {
        const count = new DistinctCount();
        for (const text of [...texts, ...texts]) count.add(text);
        expect([count.size, count.isExact]).toEqual([new Set(texts).size, true]);
      }),
    );
  });

  it('tells 300,000 URLs apart that differ in a few digits', () => {
    const count = new DistinctCount();
    for (let i = 0; i < 300_000; i += 1) count.add(`https://photos.example.org/photos/${i}/${i % 97}/medium.jpg`);
    expect(count.size).toBe(300_000);
  });

  it('says that it estimates once there are too many, and is then within 2 %', () => {
    const count = new DistinctCount(3000);
    for (let i = 0; i < 100_000; i += 1)
      for (let time = 0; time < 2; time += 1) count.add(`https://example.org/${i}.jpg`);
    expect(count.isExact).toBe(false);
    expect(Math.abs(count.size - 100_000)).toBeLessThan(2000);
  });
});

describe('HyperLogLog', () => {
  it.each([10, 1000, 30_000, 80_000, 300_000])('estimates %i texts within 2.5 %, three standard errors', (texts) => {
    const sketch = new HyperLogLog();
    const hash = new TextHash();
    for (let i = 0; i < texts; i += 1) {
      const { low, high } = hash.of(`h${i}.example.org`);
      sketch.add(low, high);
    }
    expect(Math.abs(sketch.size / texts - 1)).toBeLessThan(0.025);
  });

  it('is 0 when nothing was added', () => {
    expect(new HyperLogLog().size).toBe(0);
  });
});

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
