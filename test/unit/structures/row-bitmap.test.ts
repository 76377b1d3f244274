import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RowBitmap } from '../../../src/structures/row-bitmap.ts';

describe('RowBitmap', () => {
  it('tells new rows from seen ones and lists exactly the gaps', () => {
    const sizes = fc.integer({ min: 1, max: 200 });
    const example = sizes.chain((size) => fc.tuple(fc.constant(size), fc.array(fc.integer({ min: 0, max: size - 1 }))));
    fc.assert(
      fc.property(example, ([size, rows]) => {
        const bitmap = new RowBitmap(size);
        const seen = new Set<number>();
        for (const row of rows) {
          expect(bitmap.add(row)).toBe(!seen.has(row));
          seen.add(row);
        }
        const missing = [...bitmap.gaps(size)].flatMap(([from, to]) =>
          Array.from({ length: to - from }, (_, i) => from + i),
        );
        expect(missing).toEqual(Array.from({ length: size }, (_, row) => row).filter((row) => !seen.has(row)));
      }),
    );
  });

  it('grows with the rows that come, and has no gaps after the last one unless it is told how many there are', () => {
    const bitmap = new RowBitmap(2 ** 40);
    for (const row of [0, 1, 5_000]) bitmap.add(row);
    expect([...bitmap.gaps()]).toEqual([[2, 5_000]]);
    expect([...bitmap.gaps(6_000)]).toEqual([
      [2, 5_000],
      [5_001, 6_000],
    ]);
  });

  it('refuses rows outside its range', () => {
    expect(() => new RowBitmap(3).add(3)).toThrow(RangeError);
  });
});
