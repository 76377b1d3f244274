import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sumOf, totalOf } from '../../../src/dataset/totals.ts';
import type { UnitRecord } from '../../../src/record.ts';

const record: fc.Arbitrary<UnitRecord> = fc
  .record({
    stored: fc.nat(100),
    bytes: fc.nat(1e9),
    errors: fc.dictionary(fc.constantFrom('http_404', 'reset', 'dns_error'), fc.integer({ min: 1, max: 5 })),
  })
  .map(({ stored, bytes, errors }) => {
    const failed = Object.values(errors).reduce((sum, rows) => sum + rows, 0);
    const counts = { rows: stored + failed, stored, failed, skipped: 0, bytes, errors };
    return { unit: '000000-1a2b3c4d', token: 't', worker: 'local', ...counts, artifacts: [], committedAtMs: 0 };
  });

async function* each<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}

describe('totals of records', () => {
  it('are the same in any order, and whether records or parts of them are added up', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(record, { maxLength: 20 }), fc.nat(20), async (records, cut) => {
        const whole = await totalOf(each(records));
        const parts = [await totalOf(each(records.slice(0, cut))), await totalOf(each(records.slice(cut)))];
        expect(JSON.stringify(await totalOf(each(records.toReversed())))).toBe(JSON.stringify(whole));
        expect(JSON.stringify(sumOf(parts))).toBe(JSON.stringify(whole));
        expect(whole.units).toBe(records.length);
      }),
    );
  });

  it('name the most frequent code first, and codes of equal count by the alphabet', async () => {
    const codes = { reset: 2, http_404: 2, dns_error: 3 };
    const { errors } = sumOf([
      { ...{ units: 1, rows: 7, fetched: 0, failed: 7, skipped: 0, bytes: 0 }, errors: codes },
    ]);
    expect(Object.keys(errors)).toEqual(['dns_error', 'http_404', 'reset']);
  });

  it('count rows once that were fetched again, as what they are now', async () => {
    const first = {
      rows: 10,
      stored: 4,
      failed: 5,
      skipped: 1,
      bytes: 40,
      errors: { reset: 3, http_404: 2, host_paused: 1 },
    };
    const again = { set: 2, failed: 3, skipped: 1, errors: { reset: 3, host_paused: 1 } };
    const second = { rows: 4, stored: 3, failed: 1, skipped: 0, bytes: 30, errors: { http_503: 1 }, again };
    const rest = { unit: '000000-1a2b3c4d', token: 't', worker: 'local', artifacts: [], committedAtMs: 0 };
    expect(
      await totalOf(
        each([
          { ...rest, ...first },
          { ...rest, ...second },
        ]),
      ),
    ).toEqual({
      ...{ units: 2, rows: 10, fetched: 7, failed: 3, skipped: 0, bytes: 70 },
      errors: { http_404: 2, http_503: 1 },
    });
  });
});
