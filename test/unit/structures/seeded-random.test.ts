import { expect, it } from 'vitest';
import { preciseRandom, seededRandom } from '../../../src/structures/seeded-random.ts';

it('draws the numbers of mulberry32, the same for the same seed', () => {
  const random = seededRandom(42);
  expect([random(), random(), random()]).toEqual([0.6011037519201636, 0.44829055899754167, 0.8524657934904099]);
});

it('makes one number of 53 bits of two draws', () => {
  const [random, precise] = [seededRandom(42), preciseRandom(42)];
  expect(precise()).toBeCloseTo(random(), 7);
  random();
  expect(precise()).toBeCloseTo(random(), 7);
});
