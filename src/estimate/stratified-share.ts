/** How many rows have a property, with an interval. */
import { Z_95 } from './student-t.ts';

/** Rows of a stratum, how many of them were asked for, and how many of those have the property. */
export interface StratumCount {
  readonly rows: number;
  readonly sampled: number;
  readonly hits: number;
}

export interface RowsEstimate {
  readonly rows: number;
  /** Ends of a 95 % interval. */
  readonly low: number;
  readonly high: number;
}

/**
 * How many rows have a property, with Wilson's interval at the effective sample size: that of a simple random sample
 * with the same variance, and no more than the rows asked for (larger when nearly all rows were). Source: Wilson 1927;
 * Korn and Graubard, "Confidence intervals for proportions with small expected number of positive counts estimated from
 * survey data" (1998).
 */
export function stratifiedShare(strata: readonly StratumCount[]): RowsEstimate {
  const asked = strata.filter(({ sampled }) => sampled > 0);
  const total = strata.reduce((sum, { rows }) => sum + rows, 0);
  const rows = asked.reduce((sum, stratum) => sum + stratum.rows, 0);
  const sampled = asked.reduce((sum, stratum) => sum + stratum.sampled, 0);
  const hits = asked.reduce((sum, stratum) => sum + stratum.hits, 0);
  if (rows === 0) return { rows: 0, low: 0, high: total };
  const share = asked.reduce((sum, stratum) => sum + (stratum.rows / rows) * (stratum.hits / stratum.sampled), 0);
  if (sampled === total) return { rows: hits, low: hits, high: hits };
  const variance = asked.reduce((sum, stratum) => sum + varianceOf(stratum, rows), 0);
  const most = sampled / (1 - sampled / total);
  const [low, high] = wilson(share, variance > 0 ? Math.min(most, (share * (1 - share)) / variance) : most);
  // What was seen is there, and what was seen to lack the property lacks it. Rows are whole.
  return {
    rows: Math.round(share * total),
    low: Math.max(hits, Math.floor(low * total)),
    high: Math.min(total - (sampled - hits), Math.ceil(high * total)),
  };
}

function varianceOf({ rows, sampled, hits }: StratumCount, total: number): number {
  if (sampled < 2) return 0;
  const share = hits / sampled;
  return ((rows / total) ** 2 * (1 - sampled / rows) * share * (1 - share)) / (sampled - 1);
}

function wilson(share: number, size: number): readonly [number, number] {
  const z2 = Z_95 ** 2;
  const centre = (share + z2 / (2 * size)) / (1 + z2 / size);
  const half = (Z_95 * Math.sqrt((share * (1 - share)) / size + z2 / (4 * size ** 2))) / (1 + z2 / size);
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}
