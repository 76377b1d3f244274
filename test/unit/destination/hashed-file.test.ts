import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unwritten } from '../../../src/destination/hashed-file.ts';

describe('a short write', () => {
  it('leaves exactly the bytes that were not written', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 5 }), { minLength: 1 }),
        fc.nat(),
        (chunks, seed) => {
          const whole = Buffer.concat(chunks);
          const written = seed % (whole.length + 1);
          expect(Buffer.concat(unwritten(chunks, written)).equals(whole.subarray(written))).toBe(true);
        },
      ),
    );
  });
});
