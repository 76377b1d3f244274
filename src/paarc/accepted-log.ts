/** What a rate limiter let through between two moments, and the rate that this makes. */
import { keptRefusals, leastAccepted, leastMs, recordFallenShare, stretchAccepted, stretchMs } from './rate-tuning.ts';

/** A place in the sequence of sends: how many had gone out, and when. */
export interface Mark {
  readonly sends: number;
  readonly atMs: number;
}

/** The send numbers of the newest 429s, ascending. */
export type RefusedSends = readonly number[];

export function withRefused(before: RefusedSends, { sends }: Mark): RefusedSends {
  const refused = before.slice(before.length < keptRefusals ? 0 : keptRefusals / 2);
  let at = refused.length;
  while (at > 0 && (refused[at - 1] as number) > sends) at--;
  refused.splice(at, 0, sends);
  return refused;
}

/**
 * What a rate limiter let through: sends after `from` up to and including `to`, minus 429s. Answers that are still on
 * their way count as accepted, which is what a bucket that was empty at both marks makes of nearly all of them.
 */
export function accepted(all: RefusedSends, from: Mark, to: Mark): number {
  let refused = 0;
  for (let at = all.length - 1; at >= 0; at--) {
    const sends = all[at] as number;
    if (sends <= from.sends) break;
    if (sends <= to.sends) refused++;
  }
  return to.sends - from.sends - refused;
}

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
  all: RefusedSends,
  from: Mark,
  to: Mark,
  between: readonly Mark[],
  reactionMs: number,
): MeasuredRate | undefined {
  const granted = accepted(all, from, to);
  const elapsedMs = to.atMs - from.atMs;
  if (elapsedMs <= 0 || (granted < leastAccepted && elapsedMs < Math.max(leastMs, 2 * reactionMs))) return undefined;
  const perS = (1000 * Math.max(1, granted)) / elapsedMs;
  for (let at = between.length - 2; at > 0; at--) {
    const start = between[at] as Mark;
    const stretch = accepted(all, start, to);
    const lengthMs = to.atMs - start.atMs;
    if (stretch < stretchAccepted && lengthMs < stretchMs) continue;
    const stretchPerS = (1000 * Math.max(1, stretch)) / lengthMs;
    return stretchPerS < recordFallenShare * perS
      ? { perS: stretchPerS, accepted: stretch }
      : { perS, accepted: granted };
  }
  return { perS, accepted: granted };
}
