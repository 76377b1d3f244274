/** Hosts that answer most requests at once and some after long: caches, and what lies behind them. */
import type { Interval } from './interval.ts';
import { mixedQuarterRatio, mixedRatio, newShare } from './tuning.ts';

/** The mean after a round without a queue. */
export function foldMean(known: number, meanMs: number): number {
  return known === 0 ? meanMs : known + newShare * (meanMs - known);
}

/** Whether a round whose median shows no queue took far longer on the whole: a mixture, and the median is no guide. */
export function looksMixed({ meanMs, p25Ms, p50Ms }: Pick<Interval, 'meanMs' | 'p25Ms' | 'p50Ms'>): boolean {
  return meanMs > Math.min(mixedRatio * p50Ms, mixedQuarterRatio * p25Ms);
}
