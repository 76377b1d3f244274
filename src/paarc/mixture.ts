/** Hosts that answer most requests at once and some after long: caches, and what lies behind them. */
import type { Interval } from './interval.ts';
import { mixedQuarterRatio, mixedRatio, newShare } from './tuning.ts';

/** After a round without a queue: the mean, and whether the median says nothing about a queue; that stays so. */
export function foldMean<Known extends { readonly meanMs: number; readonly isMixed: boolean }>(
  control: Known,
  interval: Pick<Interval, 'meanMs' | 'p25Ms' | 'p50Ms'>,
): Known {
  const { meanMs } = interval;
  const folded = control.meanMs === 0 ? meanMs : control.meanMs + newShare * (meanMs - control.meanMs);
  return { ...control, meanMs: folded, isMixed: control.isMixed || looksMixed({ ...interval, meanMs: folded }) };
}

/** Whether a round whose median shows no queue took far longer on the whole: a mixture, and the median is no guide. */
export function looksMixed({ meanMs, p25Ms, p50Ms }: Pick<Interval, 'meanMs' | 'p25Ms' | 'p50Ms'>): boolean {
  return meanMs > Math.min(mixedRatio * p50Ms, mixedQuarterRatio * p25Ms);
}
