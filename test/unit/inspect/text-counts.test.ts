import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DistinctCount, FrequentTexts } from '../../../src/inspect/text-counts.ts';

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

describe('FrequentTexts', () => {
  it('counts exactly while there are few texts, most first, equal ones in their order', () => {
    const tally = new FrequentTexts();
    for (const text of ['b', 'a', 'c', 'a']) tally.add(text);
    expect(tally.top(2)).toEqual([
      { text: 'a', rows: 2 },
      { text: 'b', rows: 1 },
    ]);
    expect([tally.size, tally.isExact, tally.error]).toEqual([3, true, 0]);
  });

  it('finds every text of a tenth of the rows among ever new ones, too high by at most its error', () => {
    const tally = new FrequentTexts(100);
    for (let i = 0; i < 20_000; i += 1) {
      tally.add(`rare ${i}`);
      if (i % 4 === 0) tally.add('often');
    }
    const [first] = tally.top(20);
    expect(first?.text).toBe('often');
    expect(tally.isExact).toBe(false);
    expect(first?.rows).toBeGreaterThanOrEqual(5000);
    expect(first?.rows).toBeLessThanOrEqual(5000 + tally.error);
    expect(Math.abs(tally.size / 20_001 - 1)).toBeLessThan(0.025);
  });

  it('never counts a listed text too low, nor higher than its error allows', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 400 }), (values) => {
        const tally = new FrequentTexts(8);
        const truth = new Map<string, number>();
        for (const text of values.map((value) => String(value % 3 === 0 ? 0 : value))) {
          tally.add(text);
          truth.set(text, (truth.get(text) ?? 0) + 1);
        }
        for (const { text, rows } of tally.top(20)) {
          expect(rows).toBeGreaterThanOrEqual(truth.get(text) ?? 0);
          expect(rows).toBeLessThanOrEqual((truth.get(text) ?? 0) + tally.error);
        }
      }),
    );
  });
});
