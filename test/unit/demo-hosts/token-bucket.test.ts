import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TokenBucket } from '../../../src/demo-hosts/token-bucket.ts';

it('lets the burst through at once, then one per interval', () => {
  const bucket = new TokenBucket(10, 3, 0);
  expect([0, 0, 0, 0].map((nowMs) => bucket.tryTake(nowMs))).toEqual([true, true, true, false]);
  expect(bucket.msUntilToken(0)).toBeCloseTo(100);
  expect(bucket.tryTake(99)).toBe(false);
  expect(bucket.tryTake(101)).toBe(true);
});

it('never admits more than the burst plus the rate times the time, however requests come', () => {
  const gapsMs = fc.array(fc.double({ min: 0, max: 500, noNaN: true }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(gapsMs, fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 20 }), (gaps, rate, burst) => {
      const bucket = new TokenBucket(rate, burst, 0);
      let nowMs = 0;
      let admitted = 0;
      for (const gapMs of gaps) {
        nowMs += gapMs;
        if (bucket.tryTake(nowMs)) admitted += 1;
      }
      expect(admitted).toBeLessThanOrEqual(burst + (rate * nowMs) / 1000 + 1e-6);
    }),
  );
});

it('refuses rates and bursts that would never let anything through', () => {
  expect(() => new TokenBucket(0, 1, 0)).toThrow(/tokensPerSecond/);
  expect(() => new TokenBucket(1, 0.5, 0)).toThrow(/burst/);
});
