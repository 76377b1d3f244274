import { describe, expect, it } from 'vitest';
import { type Gaps, leastGap, noGaps, withEnded } from '../../../src/paarc/gaps.ts';
import { defaultPaarcSettings } from '../../../src/paarc/index.ts';
import { knownRate, openRate } from '../../../src/paarc/rate-estimate.ts';
import { refuseRate } from '../../../src/paarc/rate-refusal.ts';
import { assumeRate, grantedInTheLongRun, newRateSearch, spaceOut } from '../../../src/paarc/rate-search.ts';

/** Whether a request is let in that meets so many others, so long after the last one that was. */
type Door = (inFlight: number, sinceMs: number, atMs: number) => boolean;

/** Sends whenever one of `most` is free; an answer takes 60 to 140 ms, a refusal 4. */
function play(door: Door, most: number, endMs: number): Gaps {
  let gaps = noGaps;
  let lastMs = Number.NEGATIVE_INFINITY;
  let flights: { sends: number; atMs: number; inFlight: number; isOk: boolean; endMs: number }[] = [];
  for (let atMs = 0, sends = 0; atMs < endMs; atMs++) {
    for (const { sends: number, atMs: sentMs, inFlight, isOk } of flights.filter((one) => one.endMs === atMs))
      gaps = withEnded(gaps, { mark: { sends: number, atMs: sentMs }, inFlight }, !isOk);
    flights = flights.filter((one) => one.endMs > atMs);
    while (flights.length < most) {
      const isOk = door(flights.filter((one) => one.isOk).length + 1, atMs - lastMs, atMs);
      if (isOk) lastMs = atMs;
      const tookMs = isOk ? 60 + ((sends * 37) % 81) : 4;
      flights.push({ sends: ++sends, atMs, inFlight: flights.length + 1, isOk, endMs: atMs + tookMs });
    }
  }
  return gaps;
}

describe('The time a host wants between two requests', () => {
  it.each([2, 5])('is seen where it refuses all that comes sooner, with %i at once', (most) => {
    const gap = leastGap(play((_, sinceMs) => sinceMs >= 20, most, 3000));
    expect(gap?.refusedMs).toBeLessThan(20);
    expect(gap?.grantedMs).toBeGreaterThanOrEqual(20);
    expect(gap?.grantedMs).toBeLessThan(60);
  });

  it('is seen where answers are so quick that none meets another', () => {
    let gaps = noGaps;
    let lastMs = Number.NEGATIVE_INFINITY;
    for (let sends = 1; sends <= 64; sends++) {
      const atMs = 15 * sends;
      const isOk = atMs - lastMs >= 38;
      if (isOk) lastMs = atMs;
      gaps = withEnded(gaps, { mark: { sends, atMs }, inFlight: 1 }, !isOk);
    }
    expect(leastGap(gaps)).toMatchObject({ refusedMs: 30, grantedMs: 45, usualMs: 45 });
  });

  it.each<[string, Door, number]>([
    ['one at a time', (inFlight) => inFlight <= 1, 3],
    ['three at a time', (inFlight) => inFlight <= 3, 5],
    ['some errors whatever comes', (_, __, atMs) => (atMs * 48_271) % 1000 > 200, 5],
    ['an outage of a second', (_, __, atMs) => atMs < 1000 || atMs > 2000, 5],
  ])('is not seen in %s', (_, door, most) => {
    expect(leastGap(play(door, most, 3000))).toBeUndefined();
  });

  it('is not read from what is let in long after the last one was refused', () => {
    let gaps = noGaps;
    for (let sends = 1; sends <= 64; sends++)
      gaps = withEnded(gaps, { mark: { sends, atMs: 15 * sends }, inFlight: 2 }, sends % 2 === 0);
    expect(leastGap(gaps)).toBeDefined();
    for (let sends = 65; sends <= 104; sends++)
      gaps = withEnded(gaps, { mark: { sends, atMs: 30 * sends }, inFlight: 2 }, false);
    expect(leastGap(gaps)).toBeUndefined();
  });

  it('is measured from no request whose end is no word of the host', () => {
    const flight = (sends: number, atMs: number) => ({ mark: { sends, atMs }, inFlight: 2 });
    const granted = withEnded(noGaps, flight(1, 0), false);
    const unknown = withEnded(granted, flight(2, 5), undefined);
    expect(withEnded(unknown, flight(3, 30), false)).toMatchObject({ granted: [], nextSends: 4, lastGrantedMs: 30 });
    expect(withEnded(granted, flight(2, 30), false)).toMatchObject({ granted: [30] });
  });

  it('is that of a bucket that is empty where the first ones were let in all at once', () => {
    let gaps = noGaps;
    for (let sends = 1; sends <= 320; sends++) {
      const isGranted = sends <= 4 || sends % 8 === 0;
      gaps = withEnded(gaps, { mark: { sends, atMs: 5 * Math.max(4, sends) }, inFlight: 2 }, !isGranted);
    }
    expect(leastGap(gaps)).toEqual({ refusedMs: 35, grantedMs: 40, usualMs: 40, isBucket: true });
  });
});

describe('A refusal of a host that wants a time between two requests', () => {
  const mark = (sends: number) => ({ sends, atMs: 25 * sends });
  const gap = { refusedMs: 19, grantedMs: 24.5, usualMs: 30, isBucket: false };
  const spaced = spaceOut(defaultPaarcSettings, newRateSearch(defaultPaarcSettings, 0), gap, mark(0));
  const afterRefusals = (rate: typeof spaced, refused: readonly number[]): typeof spaced =>
    refused.reduce(
      (before, sends) =>
        refuseRate(defaultPaarcSettings, before, { mark: mark(sends), inFlight: 2 }, undefined, 25 * sends + 5, 100)
          .rate,
      rate,
    );

  it('tells where the rate is, and one or two of many change nothing', () => {
    expect(spaced.estimate).toMatchObject({ perS: 40, upperPerS: 1300 / 19, isRough: false });
    expect(afterRefusals(spaced, [40, 70]).estimate).toBe(spaced.estimate);
    expect(afterRefusals(spaced, [40, 140, 240, 340]).estimate).toBe(spaced.estimate);
  });

  it('is followed by a little less once three of them are near each other', () => {
    const { estimate, episode } = afterRefusals(spaced, [40, 60, 80]);
    expect(estimate.perS).toBeCloseTo(38.8);
    expect(episode).toEqual([]);
  });

  it('still is one after a silence, of which those of before say nothing', () => {
    const silent = grantedInTheLongRun(afterRefusals(spaced, [40, 60]), 30, mark(100));
    expect(silent.estimate.isSpaced).toBe(true);
    const delayed = { ...defaultPaarcSettings, feedbackDelayMs: 280 };
    const again = spaceOut(delayed, afterRefusals(spaced, [40, 60]), gap, mark(100));
    expect(again).toMatchObject({ episode: [], cutAtMs: 2780 });
  });

  it('is one of a rate where it is a bucket that is empty', () => {
    const bucket = spaceOut(defaultPaarcSettings, spaced, { ...gap, isBucket: true }, mark(0));
    expect(bucket.estimate).toMatchObject({ perS: 40, isRough: false, isSpaced: false });
  });

  it('is one of a rate again when that was only assumed', () => {
    expect(assumeRate(spaced, 30, mark(0)).estimate.isSpaced).toBe(false);
    expect(knownRate(openRate, 30, 1).isSpaced).toBe(false);
  });
});
