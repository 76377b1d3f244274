import { describe, expect, it } from 'vitest';
import { Round, read, withLook, withResult } from '../../../src/paarc/interval.ts';
import { looksMixed } from '../../../src/paarc/mixture.ts';
import { freeLoad } from './drive.ts';

describe('a mixture of fast and slow answers', () => {
  it('shows where more than half are fast: the mean is far above the median', () => {
    expect(looksMixed({ p25Ms: 14, p50Ms: 20, meanMs: 200 })).toBe(true);
  });

  it('shows where less than half are fast and the median is a slow one', () => {
    expect(looksMixed({ p25Ms: 15, p50Ms: 506, meanMs: 645 })).toBe(true);
  });

  it('is not seen in answers of one kind, however spread', () => {
    expect(looksMixed({ p25Ms: 51, p50Ms: 100, meanMs: 165 })).toBe(false);
  });
});

describe('How long a request takes on the whole', () => {
  it('counts what ended in any way: files that are denied are no slow answers', () => {
    let round: Readonly<Round> = new Round(0, 0);
    for (let nowMs = 100; nowMs <= 1000; nowMs += 100) {
      round = withLook(round, nowMs, { ...freeLoad, inFlight: 2 }, 2);
      round = withResult(round, nowMs, 'ok', 100, 2);
      round = withResult(round, nowMs, 'neutral', 100, 2);
    }
    expect(read(round, 0.9, 1000).meanMs).toBe(100);
  });
});
