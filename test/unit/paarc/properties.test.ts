import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultPaarcSettings, type Outcome, PaarcLimit, splitBudget } from '../../../src/paarc/index.ts';

const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc
      .integer({ min: 1, max: 2000 })
      .map((ms): Outcome => ({ kind: 'ok', headersMs: ms, serviceMs: ms, bytes: ms })),
  },
  { weight: 2, arbitrary: fc.constant<Outcome>({ kind: 'neutral' }) },
  {
    weight: 2,
    arbitrary: fc
      .option(fc.integer({ min: 0, max: 5000 }), { nil: undefined })
      .map((retryAfterMs): Outcome => ({ kind: 'rate', serviceMs: 20, retryAfterMs })),
  },
  {
    weight: 3,
    arbitrary: fc.integer({ min: 1, max: 30_000 }).map((serviceMs): Outcome => ({ kind: 'overload', serviceMs })),
  },
);
const event = fc.record({ afterMs: fc.integer({ min: 0, max: 400 }), sends: fc.integer({ min: 0, max: 4 }), outcome });

describe('PaarcLimit under any sequence of answers', () => {
  it('stays within its bounds, knows when to be woken, and never shortens a pause', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 400 }), fc.integer({ min: 1, max: 20 }), (events, cMin) => {
        const settings = { ...defaultPaarcSettings, cMin, cInit: 20, cMax: 60 };
        const limit = new PaarcLimit(settings, () => 0.5, 0);
        const tokens: number[] = [];
        let nowMs = 0;
        for (const { afterMs, sends, outcome: answer } of events) {
          nowMs += afterMs;
          for (let index = 0; index < sends; index++) tokens.push(limit.onSend(nowMs, tokens.length + 1));
          const pauseBeforeMs = limit.pauseUntilMs;
          const token = tokens.shift();
          if (token !== undefined) limit.onResult(token, answer, nowMs);
          const load = { inFlight: tokens.length, waiting: 5, eventLoopUtilization: 0.1, clientLimited: 0 };
          if (nowMs >= limit.nextTickMs) limit.tick(nowMs, load);
          expect(Number.isInteger(limit.permits)).toBe(true);
          // A host that refuses even those gets one at a time.
          expect(limit.permits).toBeGreaterThanOrEqual(1);
          expect(limit.permits).toBeLessThanOrEqual(60);
          expect(limit.spacingMs).toBeGreaterThanOrEqual(0);
          expect(limit.spacingMs).toBeLessThan(Number.POSITIVE_INFINITY);
          expect(limit.pauseUntilMs).toBeGreaterThanOrEqual(pauseBeforeMs);
          if (tokens.length > 0) expect(limit.nextTickMs).toBeLessThan(Number.POSITIVE_INFINITY);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('A split budget', () => {
  it('hands out every permit once and the whole rate, with every worker in its own phase', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 40 }), (permits, count) => {
        const workers = Array.from({ length: count }, (_, index) => `w${index}`);
        const shares = [
          ...splitBudget({ permits, spacingMs: 10, pauseUntilMs: 5, refusesAll: false }, workers).values(),
        ];
        expect(shares.reduce((sum, share) => sum + share.permits, 0)).toBe(permits);
        const sending = shares.filter((share) => share.permits > 0);
        expect(
          Math.max(...shares.map((share) => share.permits)) - Math.min(...shares.map((share) => share.permits)),
        ).toBeLessThanOrEqual(1);
        if (sending.length === 0) return;
        expect(sending.reduce((sum, share) => sum + 1 / share.spacingMs, 0)).toBeCloseTo(1 / 10, 9);
        expect(new Set(sending.map((share) => share.phase)).size).toBe(sending.length);
      }),
    );
  });
});
