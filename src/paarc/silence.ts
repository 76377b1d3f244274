/** Silence that grows while a host refuses everything and does not say for how long. */

/** Refusals for so long without anything else are no rate that is a little too high: the door is shut. */
const shutMs = 1000;
/** One that answers slowly is asked this often before it counts as shut. */
const leastRefusals = 3;
const firstMs = 1000;
/**
 * Doubling up to here, then by a part: a window that opens after an hour is found with a few dozen requests, and at
 * most that part too late.
 */
const doublingMs = 8000;
const slowerGrowth = 1.35;

/** What is known of a host's refusals since it last granted anything. Frozen. */
export interface Silence {
  /** When the first of them came; Infinity without one. */
  readonly sinceMs: number;
  readonly refusals: number;
  /** How long the last silence was; 0 for none so far. One request goes out after each. */
  readonly lengthMs: number;
  readonly untilMs: number;
}

/** The host grants what is asked. */
export const noSilence: Silence = { sinceMs: Number.POSITIVE_INFINITY, refusals: 0, lengthMs: 0, untilMs: 0 };

/**
 * One more refusal. Those of requests that went out before the silence began belong to it.
 * @param isShut - the host refuses everything, as other replies have shown
 * @param jitter - uniform in 0..1
 */
export function refusedAgain(
  silence: Silence,
  sentAtMs: number,
  isShut: boolean,
  nowMs: number,
  jitter: number,
): Silence {
  const { lengthMs, untilMs } = silence;
  const seen = { ...silence, sinceMs: Math.min(silence.sinceMs, nowMs), refusals: silence.refusals + 1 };
  if (lengthMs > 0 && sentAtMs < untilMs) return silence;
  if (lengthMs === 0 && !isShut && (nowMs - seen.sinceMs < shutMs || seen.refusals < leastRefusals)) return seen;
  const grown = lengthMs < doublingMs ? Math.max(firstMs, 2 * lengthMs) : slowerGrowth * lengthMs;
  return { ...seen, lengthMs: grown, untilMs: nowMs + grown * (1 + jitter / 20) };
}
