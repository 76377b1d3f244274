/** How growth keeps below the limit at which the host refused last, and passes it again. */
import { believedMs, carefulGains, maxDoublings, smallCap } from './tuning.ts';

/** The limit at which the host refused last (C_hi), and how carefully to pass it again. */
export interface Ceiling {
  /** Infinity when none is known. */
  readonly concurrency: number;
  readonly sinceMs: number;
  /** How often it was forgotten and found again. */
  readonly rediscoveries: number;
  /** Careful steps left after it was forgotten. */
  readonly carefulSteps: number;
}

export const openCeiling: Ceiling = {
  concurrency: Number.POSITIVE_INFINITY,
  sinceMs: 0,
  rediscoveries: 0,
  carefulSteps: 0,
};

/** Where growth may go from here. */
export interface Growth {
  readonly concurrency: number;
  readonly ceiling: Ceiling;
}

/** The host refused above about `concurrency`. */
export function foundCeiling(ceiling: Ceiling, concurrency: number, nowMs: number): Ceiling {
  return { ...ceiling, concurrency, sinceMs: nowMs, carefulSteps: 0 };
}

/**
 * The next limit for a wanted gain: half the way to a known ceiling at most, one careful step past it once it is old.
 * @returns undefined when there is no room worth a change
 */
export function grow(
  ceiling: Ceiling,
  concurrency: number,
  gain: number,
  maxConcurrency: number,
  nowMs: number,
): Growth | undefined {
  if (concurrency >= maxConcurrency) return undefined;
  if (ceiling.concurrency < Number.POSITIVE_INFINITY)
    return growBelow(ceiling, concurrency, gain, maxConcurrency, nowMs);
  const careful = ceiling.carefulSteps > 0 ? (carefulGains[ceiling.carefulSteps - 1] ?? gain) : gain;
  const next = Math.max(concurrency + 1, Math.min(gain, careful) * concurrency);
  return {
    concurrency: Math.min(maxConcurrency, next),
    ceiling: ceiling.carefulSteps > 0 ? { ...ceiling, carefulSteps: ceiling.carefulSteps - 1 } : ceiling,
  };
}

function growBelow(
  ceiling: Ceiling,
  concurrency: number,
  gain: number,
  maxConcurrency: number,
  nowMs: number,
): Growth | undefined {
  const isSmall = Math.max(1, smallCap / ceiling.concurrency);
  if (nowMs - ceiling.sinceMs > isSmall * believedMs * 2 ** Math.min(maxDoublings, ceiling.rediscoveries)) {
    return {
      concurrency: Math.min(maxConcurrency, Math.max(concurrency + 1, 1.05 * concurrency)),
      ceiling: { ...openCeiling, rediscoveries: ceiling.rediscoveries + 1, carefulSteps: carefulGains.length },
    };
  }
  const room = ceiling.concurrency - concurrency;
  const next = Math.min(gain * concurrency, concurrency + room / 2, maxConcurrency);
  // Less than a permit, or within the noise of the ceiling itself, is not worth a refusal.
  if (next - concurrency < 1 || room < Math.max(1.01, 0.04 * ceiling.concurrency)) return undefined;
  return { concurrency: next, ceiling };
}
