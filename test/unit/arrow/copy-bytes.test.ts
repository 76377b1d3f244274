import fc from 'fast-check';
import { expect, it } from 'vitest';
import { copyBytes, viewOf } from '../../../src/arrow/copy-bytes.ts';

it('copies exactly the bytes that it is asked for, wherever they are', () => {
  const bytes = fc.uint8Array({ maxLength: 600 });
  fc.assert(
    fc.property(bytes, fc.nat({ max: 20 }), fc.nat({ max: 20 }), fc.nat({ max: 600 }), (source, from, at, most) => {
      const length = Math.max(0, Math.min(most, source.length - from));
      const target = new Uint8Array(640).fill(0xaa);
      const expected = target.slice();
      expected.set(source.subarray(from, from + length), at);
      // A view that does not begin where its buffer begins.
      const shifted = new Uint8Array(source.length + 3).subarray(3);
      shifted.set(source);
      copyBytes(viewOf(shifted), from, viewOf(target), at, length);
      expect(target).toEqual(expected);
    }),
  );
});
