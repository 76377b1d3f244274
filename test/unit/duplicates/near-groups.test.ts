import { describe, expect, it } from 'vitest';
import { type Hashes, NEAR_BITS, nearGroups } from '../../../src/duplicates/near-groups.ts';
import { seededRandom } from '../../../src/structures/seeded-random.ts';

function hashesOf(pairs: readonly (readonly [number, number])[]): Hashes {
  return { high: Uint32Array.from(pairs, ([high]) => high), low: Uint32Array.from(pairs, ([, low]) => low) };
}

/** Each compared with each. */
function bruteForce({ high, low }: Hashes): number[] {
  const first = Array.from(high, (_, index) => index);
  const find = (index: number): number => (first[index] === index ? index : find(first[index] as number));
  const bits = (word: number): number => (word >>> 0).toString(2).replaceAll('0', '').length;
  for (let a = 0; a < high.length; a += 1)
    for (let b = a + 1; b < high.length; b += 1) {
      const distance = bits((high[a] as number) ^ (high[b] as number)) + bits((low[a] as number) ^ (low[b] as number));
      if (distance > NEAR_BITS) continue;
      const [one, other] = [find(a), find(b)];
      first[Math.max(one, other)] = Math.min(one, other);
    }
  return first.map((_, index) => find(index));
}

describe('groups of hashes', () => {
  it('are those that comparing each with each finds', () => {
    const random = seededRandom(7);
    const word = (): number => Math.floor(random() * 2 ** 32);
    const pairs: [number, number][] = [];
    for (let i = 0; i < 120; i += 1) {
      let [high, low] = [word(), word()];
      for (let copy = 0; copy < 3; copy += 1) {
        pairs.push([high >>> 0, low >>> 0]);
        for (let flip = Math.floor(random() * 6); flip > 0; flip -= 1) {
          const bit = Math.floor(random() * 64);
          if (bit < 32) high ^= 1 << bit;
          else low ^= 1 << (bit - 32);
        }
      }
    }
    const hashes = hashesOf(pairs);
    expect([...nearGroups(hashes)]).toEqual(bruteForce(hashes));
  });

  it('hold what is the same, and are named by the first', () => {
    expect([
      ...nearGroups(
        hashesOf([
          [1, 1],
          [0xffff, 2],
          [1, 1],
          [1, 1],
        ]),
      ),
    ]).toEqual([0, 1, 0, 0]);
    expect([...nearGroups(hashesOf([]))]).toEqual([]);
  });

  it('of very many hashes are found without comparing each with each', () => {
    const random = seededRandom(1);
    const size = 200_000;
    const high = Uint32Array.from({ length: size }, () => random() * 2 ** 32);
    const low = Uint32Array.from({ length: size }, () => random() * 2 ** 32);
    high[size - 1] = (high[5] as number) ^ 0b101;
    low[size - 1] = low[5] as number;
    // All of one colour: the same hash so often must cost nothing.
    for (let index = 1000; index < 50_000; index += 1) high[index] = low[index] = 0;
    const groups = nearGroups({ high, low });
    expect(groups[size - 1]).toBe(5);
    expect(groups[49_999]).toBe(1000);
  });
});
