import { expect, it } from 'vitest';
import { BufferShelf, PartBuffer } from '../../../src/store/s3/part-buffer.ts';
import { bytesOfPart, MOST_PARTS } from '../../../src/store/s3/part-plan.ts';

const MIB = 1024 * 1024;

it('parts are equal up to 23 GiB, never shrink, and 10,000 of them hold the largest object that a store takes', () => {
  const sizes = Array.from({ length: MOST_PARTS }, (_, index) => bytesOfPart(index + 1, 5 * MIB));
  expect(new Set(sizes.slice(0, 4800))).toEqual(new Set([5 * MIB]));
  expect(sizes.every((size, index) => index === 0 || size >= (sizes[index - 1] as number))).toBe(true);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(5 * 1024 ** 4);
  expect(sizes.at(-1)).toBeLessThanOrEqual(5 * 1024 ** 3);
});

it('a part holds what was added, in order, up to its size; a large buffer is used again', () => {
  const shelf = new BufferShelf(MIB, 2);
  const part = new PartBuffer(shelf, MIB);
  const content = Buffer.from(Array.from({ length: MIB + 10 }, (_, index) => index % 253));
  let added = 0;
  for (let size = 1; !part.isFull; size = size * 3 + 1) added += part.add(content.subarray(added, added + size));
  expect(added).toBe(MIB);
  expect(part.content.equals(content.subarray(0, MIB))).toBe(true);
  const { buffer } = part.content;
  part.release();
  expect(part.bytes).toBe(0);
  expect(shelf.take().buffer).toBe(buffer);
});
