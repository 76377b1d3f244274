/** Medians and spreads of few runs, and ratios of runs that were neighbours. */
import type { RunLine } from './line.ts';

/** Of several numbers. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
  return { median, least: sorted[0] ?? Number.NaN, most: sorted.at(-1) ?? Number.NaN };
}

/**
 * Ratios of one contender to another, a ratio per round: what the machine did to a whole round concerns both.
 * @returns undefined when no round counts for both
 */
export function ratioOf(
  one: readonly RunLine[],
  other: readonly RunLine[],
  figure: (line: RunLine) => number,
): Spread | undefined {
  const rounds = new Map(other.map((line) => [line.round, figure(line)]));
  const ratios = one.flatMap((line) => {
    const against = rounds.get(line.round);
    return against === undefined ? [] : [figure(line) / against];
  });
  return ratios.length === 0 ? undefined : spreadOf(ratios);
}

/** `0.52 (0.50 to 0.53)`; one number where there is no spread. */
export function spreadText({ median, least, most }: Spread, digits = 2): string {
  const [middle, low, high] = [median, least, most].map((value) => value.toFixed(digits));
  return low === high ? `${middle}` : `${middle} (${low} to ${high})`;
}

/** Groups in order of first appearance. */
export function groupBy<T>(values: Iterable<T>, key: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const name = key(value);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [value]);
    else group.push(value);
  }
  return groups;
}
