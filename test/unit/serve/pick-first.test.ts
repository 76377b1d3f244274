import fc from 'fast-check';
import { expect, it } from 'vitest';
import { firstOf } from '../../../src/serve/watch/pick-first.ts';

it('the first few are those that a whole sort would put there, in its order', () => {
  const anyKeys = fc.array(fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }), { maxLength: 300 });
  fc.assert(
    fc.property(anyKeys, fc.nat({ max: 40 }), fc.boolean(), (keys, most, isRising) => {
      const items = [...keys.keys()].filter((place) => keys[place] !== undefined);
      const sorted = [...items].sort((a, b) => {
        const order = (keys[a] as number) - (keys[b] as number);
        return (isRising ? order : -order) || a - b;
      });
      expect(firstOf(keys.length, (place) => keys[place], isRising, most)).toEqual({
        found: items.length,
        first: sorted.slice(0, most),
      });
    }),
  );
});

it('names are sorted as names', () => {
  expect(firstOf(3, (place) => ['b', 'c', 'a'][place], true, 2).first).toEqual([2, 0]);
});
