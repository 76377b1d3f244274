import { describe, expect, it } from 'vitest';
import type { Mark } from '../../../src/paarc/accepted-log.ts';
import { learnFromPause } from '../../../src/paarc/pause-lesson.ts';
import { openRate } from '../../../src/paarc/rate-estimate.ts';
import { refuseRate } from '../../../src/paarc/rate-refusal.ts';
import { advanceRate, beforeSend, newRateSearch, pauseFor, type RateSearch } from '../../../src/paarc/rate-search.ts';
import { defaultPaarcSettings as settings } from '../../../src/paarc/settings.ts';

const pauseMs = 10_000;

/** A wave of eight at once, three of them refused; what the search goes on with after the pause. */
function rateAfterWave(refusedSends: readonly number[]): number {
  const empty = newRateSearch(settings, 0);
  let rate = beforeSend(settings, empty, { sends: 0, atMs: 0, lastSendAtMs: 0 });
  for (const index of refusedSends) {
    const flight = { mark: { sends: index + 1, atMs: 0 }, inFlight: 8 };
    rate = refuseRate(settings, pauseFor(rate, pauseMs, 60, 0), flight, pauseMs, 60, 100).rate;
  }
  const over = { sends: 8, atMs: 60 + pauseMs, lastSendAtMs: 0 };
  return advanceRate(settings, rate, over, 100).rate.estimate.perS;
}

/** Refused at one place after the other, each answered 80 ms later. */
function refuseAt(before: RateSearch, marks: readonly Mark[]) {
  let rate = before;
  const reasons = marks.map((mark) => {
    const refused = refuseRate(settings, rate, { mark, inFlight: 4 }, undefined, mark.atMs + 80, 80);
    rate = refused.rate;
    return refused.cut?.reason;
  });
  return { reasons, perS: rate.estimate.perS, upperPerS: rate.estimate.upperPerS };
}

describe('A probe that failed after a burst had carried a step of it', () => {
  const probing = (fromPerS: number): RateSearch => ({
    ...newRateSearch(settings, 0),
    estimate: { ...openRate, perS: 6.3, lowerPerS: 4.2 },
    probe: { mark: { sends: 80, atMs: 30_000 }, fromPerS, steps: 1 },
  });
  const failure: Mark[] = [
    { sends: 120, atMs: 35_000 },
    { sends: 127, atMs: 36_800 },
  ];

  it('leaves the rate of before in force where that is what is measured', () => {
    const { reasons, perS, upperPerS } = refuseAt(probing(3.4), failure);
    expect(reasons).toEqual(['rate probe failed', 'rate measured between 429s']);
    expect(perS).toBeCloseTo(0.985 * 3.4, 5);
    expect(upperPerS).toBeCloseTo(settings.rateResolution * 3.4, 5);
  });

  it('begins a search where another rate is measured', () => {
    const { perS, upperPerS } = refuseAt(probing(2.5), failure);
    expect(perS).toBeCloseTo((0.98 * 6) / 1.8, 5);
    expect(upperPerS).toBeGreaterThan(1.2 * perS);
  });
});

describe('A moment in which next to nothing was granted', () => {
  it('lowers a rate by much at the second refusal only', () => {
    const held: RateSearch = { ...newRateSearch(settings, 0), estimate: { ...openRate, perS: 80, upperPerS: 82 } };
    const first = { sends: 100, atMs: 10_000 };
    const second = { sends: 110, atMs: 10_350 };
    const third = { sends: 113, atMs: 10_450 };
    expect(refuseAt(held, [first, second])).toMatchObject({ reasons: ['429 at the rate in use', undefined] });
    const { reasons, perS } = refuseAt(held, [first, second, third]);
    expect(reasons.at(-1)).toBe('rate measured between 429s');
    expect(perS).toBeCloseTo((0.98 * 11) / 0.45, 5);
  });
});

describe('The first pause', () => {
  it('counts what a wave got in whatever order it arrived', () => {
    const inOrder = rateAfterWave([5, 6, 7]);
    // Five in no time, and none for ten seconds: a bucket that holds what its rate gives in a second.
    expect(inOrder).toBe(5);
    expect(rateAfterWave([1, 2, 3])).toBe(inOrder);
    expect(rateAfterWave([0, 4, 7])).toBe(inOrder);
  });

  it('leads to the middle of what was granted in no time and on the whole, if it is short', () => {
    const wave = { accepted: 5, elapsedMs: 1, perS: 9000, restMs: Number.POSITIVE_INFINITY, restPerS: 0 };
    const before = { failedPerS: 9000, heldPerS: 0, upperPerS: 9000, pauseMs: 2000 };
    expect(learnFromPause([], [wave], before, 0.98).perS).toBe(5 / 0.2);
    expect(learnFromPause([], [{ ...wave, elapsedMs: 900 }], before, 0.98).perS).toBeCloseTo(
      5 / Math.sqrt(0.9 * 2.9),
      5,
    );
  });
});

describe('A pause after nothing was granted', () => {
  it('halves the rate at least, whatever the stretch before it was short of', () => {
    const nothing = { accepted: 0, elapsedMs: 1, perS: 2, restMs: 1000, restPerS: 0 };
    const before = { failedPerS: 0.7, heldPerS: 0, upperPerS: 8, pauseMs: 1000 };
    expect(learnFromPause([nothing], [nothing], before, 0.98)).toMatchObject({ perS: 0.35, upperPerS: 0.7 });
    expect(learnFromPause([], [nothing], { ...before, failedPerS: 900 }, 0.98).perS).toBeCloseTo(1, 2);
  });
});

describe('A pause after a probe', () => {
  it('believes the measured bucket more than a rate that a burst may have carried', () => {
    const first = { accepted: 2, elapsedMs: 1 };
    const stretch = { accepted: 15, elapsedMs: 3600, perS: 4.17, restMs: 60_000, restPerS: 0 };
    const before = { failedPerS: 5.9, heldPerS: 4.17, upperPerS: 8, pauseMs: 55_000 };
    expect(learnFromPause([first], [stretch], before, 0.98).perS).toBeCloseTo(13 / 3.599, 2);
    expect(learnFromPause([first], [stretch], { ...before, heldPerS: 3.6 }, 0.98).perS).toBe(3.6);
  });
});

describe('A second pause after a handful of requests', () => {
  const before = { failedPerS: 49, heldPerS: 0, upperPerS: 4000, pauseMs };
  const first = { accepted: 5, elapsedMs: 1 };
  const later = (accepted: number, elapsedMs: number) => ({
    accepted,
    elapsedMs,
    perS: 49,
    restMs: pauseMs,
    restPerS: 0,
  });

  it('narrows wide bounds by the rough slope between both', () => {
    expect(learnFromPause([first], [later(7, 163)], before, 0.98).perS).toBeCloseTo(2000 / 162, 1);
  });

  it('does not believe a slope of almost no time, or one that says nothing new', () => {
    const middle = (accepted: number, elapsedMs: number): number =>
      Math.sqrt(((1000 * accepted) / (elapsedMs + pauseMs)) * 49);
    expect(learnFromPause([first], [later(7, 60)], before, 0.98).perS).toBeCloseTo(middle(7, 60), 5);
    expect(learnFromPause([first], [later(9, 110)], before, 0.98).perS).toBeCloseTo(middle(9, 110), 5);
  });
});
