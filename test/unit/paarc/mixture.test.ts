import { describe, expect, it } from 'vitest';
import { looksMixed } from '../../../src/paarc/mixture.ts';

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
