import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accepted, type Mark, type RefusedSends, rateBetween, withRefused } from '../../../src/paarc/accepted-log.ts';
import { identifyBucket } from '../../../src/paarc/bucket.ts';
import { learnFromPause } from '../../../src/paarc/pause-lesson.ts';
import {
  growAfterMs,
  knownRate,
  likelyBurst,
  openRate,
  probeAfterMs,
  refusedInUse,
  settledAt,
  verificationMs,
} from '../../../src/paarc/rate-estimate.ts';
import { defaultPaarcSettings } from '../../../src/paarc/settings.ts';

describe('What a rate limiter let through', () => {
  const mark = (sends: number): Mark => ({ sends, atMs: 10 * sends });

  it('is what was sent between two marks without the 429s among it', () => {
    const refused = withRefused(withRefused([], mark(4)), mark(2));
    expect(accepted(refused, mark(1), mark(5))).toBe(2);
    expect(accepted(refused, mark(2), mark(3))).toBe(1);
  });

  it('never forgets an accepted request, however many are refused', () => {
    let refused: RefusedSends = [];
    for (let sends = 2; sends <= 5000; sends += 2) refused = withRefused(refused, mark(sends));
    expect(accepted(refused, mark(0), mark(5000))).toBeGreaterThanOrEqual(2500);
  });
});

describe('Rate between two 429s', () => {
  /** Marks of sends at a rate, after those before. */
  const sendAll = (before: readonly Mark[], perS: number, fromMs: number, toMs: number): Mark[] => {
    const marks = [...before];
    for (let atMs = fromMs; atMs <= toMs; atMs += 1000 / perS) marks.push({ sends: marks.length + 1, atMs });
    return marks;
  };
  const rateOf = (from: Mark, to: Mark, between: readonly Mark[]): number | undefined =>
    rateBetween([], from, to, between, 50)?.perS;

  it('is what went through in between', () => {
    const marks = sendAll([], 40, 0, 2000);
    const [from, to] = [marks[0] as Mark, marks.at(-1) as Mark];
    expect(rateOf(from, to, [from, to])).toBeCloseTo(40, 0);
  });

  it('is unknown from a handful of requests in a moment', () => {
    const marks = sendAll([], 40, 0, 100);
    const [from, to] = [marks[0] as Mark, marks.at(-1) as Mark];
    expect(rateOf(from, to, [from, to])).toBeUndefined();
  });

  it('is the newest stretch when the limit has just fallen', () => {
    const fast = sendAll([], 100, 0, 1000);
    const all = sendAll(fast, 20, 1050, 2050);
    const [from, fallen, to] = [fast[0] as Mark, fast.at(-1) as Mark, all.at(-1) as Mark];
    expect(rateOf(from, to, [from, fallen, to])).toBeLessThan(25);
  });
});

describe('Bucket from two segments', () => {
  const segment = (perS: number, burst: number, sendPerS: number) => {
    const elapsedMs = (1000 * burst) / (sendPerS - perS);
    return { accepted: Math.round(burst + (perS * elapsedMs) / 1000), elapsedMs };
  };

  it('finds rate and burst of any bucket that was full and was sent to faster than it fills', () => {
    const bucket = fc.record({ perS: fc.integer({ min: 5, max: 300 }), burst: fc.integer({ min: 20, max: 200 }) });
    fc.assert(
      fc.property(bucket, ({ perS, burst }) => {
        const first = segment(perS, burst, 20 * perS);
        const later = segment(perS, burst, 1.2 * perS);
        fc.pre(later.elapsedMs - first.elapsedMs > 1000);
        const candidate = { ...later, perS: 1.2 * perS, restMs: 1e6, restPerS: 0 };
        const guess = identifyBucket([first], [candidate], 60_000, 1.2 * perS);
        expect(guess?.perS).toBeGreaterThan(0.9 * perS - 1);
        expect(guess?.perS).toBeLessThan(1.1 * perS + 1);
        expect(guess?.upperPerS).toBeGreaterThanOrEqual(guess?.perS ?? 0);
      }),
    );
  });

  it('leaves room above when the bucket may have overflowed', () => {
    const first = { accepted: 20, elapsedMs: 200 };
    const slow = { accepted: 60, elapsedMs: 10_000, perS: 2, restMs: 1e6, restPerS: 0 };
    const fast = { accepted: 30, elapsedMs: 2000, perS: 8, restMs: 8000, restPerS: 2 };
    const guess = identifyBucket([first], [slow, fast], 1000, 8);
    expect(guess?.perS).toBeGreaterThanOrEqual(4);
    expect(guess?.upperPerS).toBeGreaterThan(1.05 * (guess?.perS ?? 0));
  });

  it('knows nothing from segments of the same length', () => {
    const first = { accepted: 20, elapsedMs: 1000 };
    const candidate = { accepted: 21, elapsedMs: 1100, perS: 20, restMs: 1000, restPerS: 0 };
    expect(identifyBucket([first], [candidate], 1000, 20)).toBeUndefined();
  });
});

describe('What a pause teaches', () => {
  it('leaves a rate in force that held where the bucket has a single token, and takes what a larger one could fake back', () => {
    const parts = [
      { accepted: 17, elapsedMs: 38_600, perS: 0.36, restMs: 8000, restPerS: 0 },
      { accepted: 8, elapsedMs: 16_000, perS: 0.54, restMs: 11_000, restPerS: 0.36 },
    ];
    const before = { failedPerS: 0.78, heldPerS: 0.54, upperPerS: 1.15, pauseMs: 15_000 };
    const learn = (burst: number) => learnFromPause([{ accepted: burst, elapsedMs: 100 }], parts, before, 0.98);
    expect(learn(1)).toMatchObject({ perS: 0.54, upperPerS: 0.78 });
    expect(learn(6).perS).toBeLessThan(0.4);
  });
});

describe('Rate schedule', () => {
  it('verifies a rate for as long as a burst could fake it', () => {
    const ms = verificationMs(defaultPaarcSettings, { perS: 120, lowerPerS: 100, upperPerS: 125, burst: 100 }, 100);
    expect(ms).toBeCloseTo((1000 * 1.3 * 100) / 20, 6);
    expect(verificationMs(defaultPaarcSettings, { perS: 100, lowerPerS: 100, upperPerS: 125, burst: 100 }, 100)).toBe(
      2000,
    );
  });

  it('knows of no burst once the burst was measured to be none', () => {
    const known = { ...openRate, perS: 2, burst: 0, isBurstKnown: true };
    expect(likelyBurst(known, [{ accepted: 200, elapsedMs: 900 }])).toBe(0);
    expect(likelyBurst({ ...known, isBurstKnown: false }, [{ accepted: 200, elapsedMs: 900 }])).toBeCloseTo(198, 0);
  });

  it('has room above after one refusal of a rate that is known as a mean only, not after the next', () => {
    const once = refusedInUse(knownRate(openRate, 10, 2));
    expect(once.upperPerS).toBeCloseTo(13);
    const twice = refusedInUse(once);
    expect(twice.upperPerS).toBe(once.perS);
  });

  it('is bounded by what went through between two 429s, but not by next to nothing, as from a window that is closed', () => {
    const held = { ...openRate, perS: 40, lowerPerS: 33 };
    const upperPerS = (accepted: number) =>
      settledAt(defaultPaarcSettings, held, { perS: 2, accepted }, undefined).upperPerS;
    expect(upperPerS(12)).toBeCloseTo(2.5);
    expect(upperPerS(1)).toBe(33);
  });

  it('narrows bounds that are near each other after fifty requests without a 429', () => {
    expect(growAfterMs({ ...openRate, perS: 2, upperPerS: 2.1 })).toBe(25_000);
    expect(growAfterMs({ ...openRate, perS: 2, upperPerS: 2.5 })).toBe(0);
  });

  it('probes as seldom as the budget of refusals asks', () => {
    const ms = probeAfterMs(defaultPaarcSettings, { perS: 100, retryAfterMs: 0 }, 160);
    expect(ms).toBeCloseTo((1000 * (1 + 0.25 * 100 * 0.16)) / (0.003 * 100), 6);
    expect(probeAfterMs(defaultPaarcSettings, { perS: 100, retryAfterMs: 10_000 }, 160)).toBe(400_000);
  });
});
