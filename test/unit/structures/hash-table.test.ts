import { describe, expect, it } from 'vitest';
import { TextSet } from '../../../src/structures/hash-table.ts';

describe('TextSet', () => {
  it('knows what was added, also after it grew many times', () => {
    const set = new TextSet();
    for (let i = 0; i < 20_000; i += 1) expect(set.add(`text ${i}`)).toBe(true);
    for (let i = 0; i < 20_000; i += 1) expect(set.add(`text ${i}`)).toBe(false);
    expect([set.size, set.has('text 5'), set.has('other')]).toEqual([20_000, true, false]);
  });
});
