/** What a stratified sample says of all rows: their total, or how many have a property, each with its interval. */

/** Two-sided 95 % of the normal distribution. */
const Z_95 = 1.959964;

/** What is known of a stratum: its rows, and the values of a simple random sample of them. */
export interface StratumValues {
  readonly rows: number;
  readonly values: readonly number[];
}

export interface TotalEstimate {
  readonly total: number;
  /** Ends of a 95 % interval. */
  readonly low: number;
  readonly high: number;
}

/** Sums over strata: of the total, of its variance, and of its third central moment. */
interface Moments {
  readonly total: number;
  readonly variance: number;
  readonly third: number;
  /** Satterthwaite's effective degrees of freedom. */
  readonly df: number;
}

/**
 * The total of all rows from a stratified sample, N(h) rows in stratum h of which n(h) are known:
 *
 *   total = sum of N(h) mean(h)         variance = sum of N(h) (N(h) - n(h)) s2(h) / n(h)
 *
 * with the degrees of freedom of Satterthwaite. Source: Cochran, Sampling Techniques, 3rd ed., 5.3, 5.4 and 5.16. File
 * sizes are skewed, and then total +- t x error misses large totals far too often. So the interval is the wider one, at
 * each end, of the interval on the logarithm and of Hall's, which takes the skewness of the sample into account (Hall,
 * "On the removal of skewness by transformation", 1992). What that covers in simulations is in docs/planning.md. A
 * stratum without a known value gets the mean of the others, one with a single value their variance.
 */
export function stratifiedTotal(strata: readonly StratumValues[]): TotalEstimate {
  const moments = momentsOf(strata);
  const { total, variance } = moments;
  if (variance <= 0 || total <= 0) return { total, low: total, high: total };
  const error = Math.sqrt(variance);
  const t = t95(moments.df);
  const ratio = Math.exp((t * error) / total);
  const skew = Math.max(0, moments.third / error ** 3);
  const known = strata.reduce((sum, { values }) => sum + values.reduce((own, value) => own + value, 0), 0);
  return {
    total,
    // What was seen is there.
    low: Math.max(known, Math.min(total / ratio, total - error * withoutSkew(t, skew))),
    high: Math.max(total * ratio, total - error * withoutSkew(-t, skew)),
  };
}

/** Inverse of Hall's x + skew x^2 / 3 + skew^2 x^3 / 27 + skew / 6. */
function withoutSkew(y: number, skew: number): number {
  if (skew < 1e-9) return y;
  return (3 * (Math.cbrt(1 + skew * (y - skew / 6)) - 1)) / skew;
}

function momentsOf(strata: readonly StratumValues[]): Moments {
  const pooled = pooledMoments(strata);
  let [total, variance, third, squares] = [0, 0, 0, 0];
  for (const { rows, values } of strata) {
    const count = values.length;
    const mean = count === 0 ? pooled.mean : meanOf(values);
    total += rows * mean;
    if (count >= rows) continue;
    const spread = count < 2 ? pooled.variance : varianceOf(values, mean);
    const known = Math.max(1, count);
    // Nothing known of a stratum: its mean may be anywhere where single rows are.
    const own = count === 0 ? rows ** 2 * spread : ((rows * (rows - known)) / known) * spread;
    variance += own;
    squares += own ** 2 / Math.max(1, count - 1);
    third += thirdMoment(rows, values, mean);
  }
  return { total, variance, third, df: squares === 0 ? Number.POSITIVE_INFINITY : variance ** 2 / squares };
}

/** Third central moment of N times the mean of n values without replacement. Source: Cochran 2.15, large N. */
function thirdMoment(rows: number, values: readonly number[], mean: number): number {
  const count = values.length;
  if (count < 3) return 0;
  const cubes = values.reduce((sum, value) => sum + (value - mean) ** 3, 0) * (count / ((count - 1) * (count - 2)));
  const share = count / rows;
  return (rows ** 3 * (1 - share) * (1 - 2 * share) * cubes) / count ** 2;
}

/** Mean and variance of single rows over all strata, each stratum by its rows. */
function pooledMoments(strata: readonly StratumValues[]): { readonly mean: number; readonly variance: number } {
  const known = strata.filter(({ values }) => values.length > 0);
  const rows = known.reduce((sum, stratum) => sum + stratum.rows, 0);
  if (rows === 0) return { mean: 0, variance: 0 };
  const average = (of: (value: number) => number): number =>
    known.reduce((sum, { rows: own, values }) => sum + own * meanOf(values.map(of)), 0) / rows;
  const mean = average((value) => value);
  return { mean, variance: average((value) => (value - mean) ** 2) };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function varianceOf(values: readonly number[], mean: number): number {
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}

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
  const variance = asked.reduce((sum, stratum) => sum + shareVariance(stratum, rows), 0);
  const most = sampled / (1 - sampled / total);
  const [low, high] = wilson(share, variance > 0 ? Math.min(most, (share * (1 - share)) / variance) : most);
  // What was seen is there, and what was seen to lack the property lacks it. Rows are whole.
  return {
    rows: Math.round(share * total),
    low: Math.max(hits, Math.floor(low * total)),
    high: Math.min(total - (sampled - hits), Math.ceil(high * total)),
  };
}

function shareVariance({ rows, sampled, hits }: StratumCount, total: number): number {
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

/**
 * Two-sided 95 % of Student's t. Within 1 % from 3 degrees of freedom on; below, the exact values.
 * Source: Abramowitz and Stegun 26.7.5 (expansion in powers of 1/df).
 */
export function t95(df: number): number {
  if (df <= 1) return 12.706;
  if (df <= 2) return 4.303;
  const z = Z_95;
  const first = (z ** 3 + z) / 4;
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  const third = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384;
  return z + first / df + second / df ** 2 + third / df ** 3;
}
