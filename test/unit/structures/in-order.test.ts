import { describe, expect, it } from 'vitest';
import { inOrder } from '../../../src/structures/in-order.ts';

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

describe('inOrder', () => {
  it('gives results in the order of what they are of, whichever is ready first', async () => {
    const ends: (() => void)[] = [];
    const work = (item: number): Promise<number> => new Promise((resolve) => ends.push(() => resolve(item * 10)));
    const results = all(inOrder([1, 2, 3], 3, work));
    while (ends.length < 3) await Promise.resolve();
    for (const end of ends.reverse()) end();
    expect(await results).toEqual([10, 20, 30]);
  });

  it.each([1, 2, 5])('works on at most %i at once', async (width) => {
    let [now, most] = [0, 0];
    const work = async (item: number): Promise<number> => {
      most = Math.max(most, ++now);
      for (let turn = 0; turn < 60; turn += 1) await Promise.resolve();
      now -= 1;
      return item;
    };
    const items = Array.from({ length: 20 }, (_, i) => i);
    expect(await all(inOrder(items, width, work))).toEqual(items);
    expect(most).toBe(width);
  });

  it('ends with the first error in order', async () => {
    const work = async (item: number): Promise<number> => {
      if (item >= 2) throw new Error(`no ${item}`);
      return item;
    };
    const seen: number[] = [];
    const reading = (async () => {
      for await (const item of inOrder([0, 1, 2, 3], 4, work)) seen.push(item);
    })();
    await expect(reading).rejects.toThrow('no 2');
    expect(seen).toEqual([0, 1]);
  });
});
