/** Silence that grows while a host refuses everything and does not say for how long. */
import { doublingMs, shutMs, slowerGrowth, tellingRefusals } from './rate-tuning.ts';

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
  if (lengthMs === 0 && !isShut && (nowMs - seen.sinceMs < shutMs || seen.refusals < tellingRefusals)) return seen;
  const grown = lengthMs < doublingMs ? Math.max(shutMs, 2 * lengthMs) : slowerGrowth * lengthMs;
  return { ...seen, lengthMs: grown, untilMs: nowMs + grown * (1 + jitter / 20) };
}
