import fc from 'fast-check';
import { expect, it } from 'vitest';
import { firstOf } from '../../../src/serve/watch/pick-first.ts';

it('the first few are those that a whole sort would put there, in its order', () => {
  const anyKeys = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 200 });
  fc.assert(
    fc.property(anyKeys, fc.nat({ max: 220 }), fc.boolean(), (keys, most, isRising) => {
      const items = [...keys.keys()];
      const sorted = [...items].sort((a, b) => {
        const order = (keys[a] as number) - (keys[b] as number);
        return (isRising ? order : -order) || a - b;
      });
      expect(firstOf(items, keys, isRising, most)).toEqual(sorted.slice(0, most));
    }),
  );
});

it('names are sorted as names', () => {
  expect(firstOf(['b', 'c', 'a'], ['b', 'c', 'a'], true, 2)).toEqual(['a', 'b']);
});
