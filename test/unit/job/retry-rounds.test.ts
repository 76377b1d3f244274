import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatRound, parseRound } from '../../../src/job/retry-rounds.ts';

describe('a round of rows that are fetched again', () => {
  it('is read as it was written', () => {
    const outcomes = ['failed reset', 'skipped host_paused'];
    const rows = fc.uniqueArray(fc.tuple(fc.maxSafeNat(), fc.nat(1)), { selector: ([row]) => row });
    fc.assert(
      fc.property(rows, fc.integer({ min: 2, max: 50 }), fc.nat(999_999), (pairs, set, firstUnit) => {
        const sorted = pairs.toSorted(([a], [b]) => a - b);
        const round = {
          ...{ set, firstUnit, outcomes },
          rows: Float64Array.from(sorted, ([row]) => row),
          outcomeOf: Uint16Array.from(sorted, ([, outcome]) => outcome),
        };
        expect(parseRound(formatRound(round), 'retry-2.json')).toEqual(round);
      }),
    );
  });

  it('that cannot be understood says which file it was', () => {
    for (const text of ['', '{"set":2', '{"set":1,"firstUnit":0,"outcomes":[],"rows":[]}', '[]'])
      expect(() => parseRound(text, 'x/retry-2.json')).toThrow('x/retry-2.json cannot be understood');
    const odd = { set: 2, firstUnit: 0, outcomes: ['failed reset'], rows: [1] };
    expect(() => parseRound(JSON.stringify(odd), 'r')).toThrow('cannot be understood');
    expect(() => parseRound(JSON.stringify({ ...odd, rows: [1, 1] }), 'r')).toThrow('cannot be understood');
  });
});
