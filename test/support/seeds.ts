/** Seeds for what tests draw at random: fixed ones that have to pass, and one of this run that may only warn. */
import type { TestContext } from 'vitest';

/** FLOW_DC_SOAK=1: every draw is of this run, and each of them has to pass. `npm run soak` sets it. */
export const isSoak = process.env.FLOW_DC_SOAK === '1';
/** Another one in each run, the same in all its files; vitest.config.ts sets it, FLOW_DC_SEED repeats one. */
const runSeed = Number(process.env.FLOW_DC_SEED ?? 1);

/** For a single draw: the same in every run but in a soak. */
export const SEED = isSoak ? runSeed : 1;

/** `count` of them, fixed but for the last one; in a soak `soakCount`, all of them of this run. */
export function seeds(count: number, soakCount = count): number[] {
  if (isSoak) return Array.from({ length: soakCount }, (_, index) => runSeed + index);
  return Array.from({ length: count }, (_, index) => (index === count - 1 ? runSeed : index + 1));
}

/**
 * Run a test's body with one of `seeds`. With this run's seed a failure is said in a line at the end and does not
 * count, because nobody who changed something else should meet it; in a soak it counts.
 */
export async function withSeed(
  { annotate }: TestContext,
  seed: number,
  body: (seed: number) => Promise<void> | void,
): Promise<void> {
  if (isSoak || seed !== runSeed) return body(seed);
  try {
    await body(seed);
  } catch (error) {
    await annotate(`seed ${seed}: ${error instanceof Error ? error.message : error}`, 'warning');
  }
}
