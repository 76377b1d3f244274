/** A rate, and the accepted requests it rests on. */
import type { AcceptedLog, Mark } from './accepted-log.ts';

/** So many accepted requests, or this time, make a rate worth believing. Chosen by scenario runs. */
const leastAccepted = 8;
const leastMs = 500;
/** The newest stretch with so many accepted requests, or this long, is asked whether the limit has just fallen. */
const stretchAccepted = 10;
const stretchMs = 1000;
const fallenShare = 0.8;

/** A rate, and the accepted requests it rests on. */
export interface MeasuredRate {
  readonly perS: number;
  readonly accepted: number;
}

/**
 * The rate between two 429s. A bucket was empty at both, so what it granted in between is what flowed in: accepted over
 * elapsed. If a newer stretch is far slower, the limit has just fallen, and the stretch is the rate.
 * @param between - the 429s of the episode in order, the last of them being `to`
 * @returns undefined while there is too little to tell
 */
export function rateBetween(
  log: AcceptedLog,
  from: Mark,
  to: Mark,
  between: readonly Mark[],
  reactionMs: number,
): MeasuredRate | undefined {
  const accepted = log.accepted(from, to);
  const elapsedMs = to.atMs - from.atMs;
  if (elapsedMs <= 0 || (accepted < leastAccepted && elapsedMs < Math.max(leastMs, 2 * reactionMs))) return undefined;
  const perS = (1000 * Math.max(1, accepted)) / elapsedMs;
  for (let at = between.length - 2; at > 0; at--) {
    const start = between[at] as Mark;
    const stretch = log.accepted(start, to);
    const lengthMs = to.atMs - start.atMs;
    if (stretch < stretchAccepted && lengthMs < stretchMs) continue;
    const stretchPerS = (1000 * Math.max(1, stretch)) / lengthMs;
    return stretchPerS < fallenShare * perS ? { perS: stretchPerS, accepted: stretch } : { perS, accepted };
  }
  return { perS, accepted };
}
