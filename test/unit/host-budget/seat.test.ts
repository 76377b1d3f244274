import { expect, it } from 'vitest';
import { leastSpacingOf } from '../../../src/host-budget/seat.ts';
import { defaultPaarcSettings } from '../../../src/paarc/index.ts';

it('of a rate that a rule names all workers together use 0.98', () => {
  expect(leastSpacingOf({ requestsPerSecond: 10 }, defaultPaarcSettings)).toBeCloseTo(100 / 0.98, 9);
  expect(leastSpacingOf({}, defaultPaarcSettings)).toBe(0);
});
