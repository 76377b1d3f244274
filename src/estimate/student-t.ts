/** Two-sided 95 % of the normal distribution. */
export const Z_95 = 1.959964;

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
