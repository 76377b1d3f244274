/** The time a host wants between two requests, where it refuses whatever comes sooner. */
import type { Flight } from './levels.ts';
import {
  calmGrants,
  firstGaps,
  gapGrants,
  gapRefusals,
  gapStrays,
  gapsUntilCalm,
  keptGaps,
  leastGapMs,
  tellingGap,
} from './tuning.ts';

/** A request that has ended. */
interface Ended {
  readonly sends: number;
  readonly atMs: number;
  readonly isAlone: boolean;
  /** Undefined where that is not known: it was aborted, or never came there. */
  readonly isRefused: boolean | undefined;
}

/**
 * Times since the last request that was let in, in the order in which requests went out: of the first ones, and again
 * from a refused one on until there is none for long. Frozen.
 */
export interface Gaps {
  /** The one whose end is waited for, and those after it that have ended already. */
  readonly nextSends: number;
  readonly ended: readonly Ended[];
  readonly lastGrantedMs: number;
  /** Of the newest ones, ms. */
  readonly granted: readonly number[];
  readonly refused: readonly number[];
  /** How many were refused alone or granted beside others, and were granted since the last refused one. */
  readonly telling: number;
  readonly calm: number;
  /** The least one of the first requests that were let in, ms. */
  readonly firstMs: number;
}

const nothing = { ended: [], lastGrantedMs: Number.NaN, granted: [], refused: [], telling: 0 };

export const noGaps: Gaps = { ...nothing, nextSends: 1, calm: 0, firstMs: Number.POSITIVE_INFINITY };

/** One more result. @param isRefused - undefined where that is not known */
export function withEnded(before: Gaps, { mark, inFlight }: Flight, isRefused: boolean | undefined): Gaps {
  const { sends } = mark;
  const isCalm = before.calm >= gapsUntilCalm;
  if (isCalm ? isRefused !== true : sends < before.nextSends) return before;
  const ended: Ended = { ...mark, isAlone: inFlight === 1, isRefused };
  let gaps: Gaps = isCalm ? { ...before, ...nothing, nextSends: sends } : before;
  if (sends > gaps.nextSends) {
    const later = inserted(gaps.ended, ended);
    gaps = { ...gaps, ended: later };
    // What takes so long is left out, and whether it was let in is not known.
    if (later.length === keptGaps) gaps = { ...gaps, nextSends: (later[0] as Ended).sends, lastGrantedMs: Number.NaN };
  } else gaps = next(gaps, ended);
  for (let [first] = gaps.ended; first?.sends === gaps.nextSends; [first] = gaps.ended)
    gaps = next({ ...gaps, ended: gaps.ended.slice(1) }, first);
  return gaps.calm >= gapsUntilCalm ? { ...gaps, ...nothing } : gaps;
}

/** Nobody asks for them now: nothing is counted until a refusal comes. */
export function rested(gaps: Gaps): Gaps {
  return gaps.calm >= gapsUntilCalm ? gaps : { ...gaps, ...nothing, calm: gapsUntilCalm };
}

function inserted(all: readonly Ended[], ended: Ended): readonly Ended[] {
  const at = all.findIndex(({ sends }) => sends > ended.sends);
  return at < 0 ? [...all, ended] : [...all.slice(0, at), ended, ...all.slice(at)];
}

function next(gaps: Gaps, { sends, atMs, isAlone, isRefused }: Ended): Gaps {
  if (isRefused === undefined) return { ...gaps, nextSends: sends + 1, lastGrantedMs: Number.NaN };
  const ms = atMs - gaps.lastGrantedMs;
  const { granted, refused, firstMs } = gaps;
  return {
    nextSends: sends + 1,
    ended: gaps.ended,
    lastGrantedMs: isRefused ? gaps.lastGrantedMs : atMs,
    granted: isRefused ? granted : withNewest(granted, ms),
    refused: isRefused ? withNewest(refused, ms) : refused,
    telling: gaps.telling + (isRefused === isAlone ? 1 : 0),
    calm: isRefused ? 0 : gaps.calm + 1,
    firstMs: !isRefused && sends <= firstGaps && ms < firstMs ? ms : firstMs,
  };
}

function withNewest(all: readonly number[], ms: number): readonly number[] {
  if (Number.isNaN(ms)) return all;
  return [...(all.length < keptGaps ? all : all.slice(1)), ms];
}

/** How long after the last one that was let in requests were refused at most, and let in at least, ms. */
export interface LeastGap {
  readonly refusedMs: number;
  readonly grantedMs: number;
  /** What most of them came after. */
  readonly usualMs: number;
  /** The first ones were let in sooner than that; half of the time may get lost on the way. */
  readonly isBucket: boolean;
}

/**
 * The time since the last request that was let in tells refused ones from granted ones: a rate without a burst (nginx
 * limit_req), or a bucket that is empty. A cap of one does the same, but never refuses what meets no other, and grants
 * few that do: those that go out while an answer is on its way.
 * @returns undefined where it does not look like that
 */
export function leastGap({ granted, refused, telling, calm, firstMs }: Gaps): LeastGap | undefined {
  if (refused.length < gapRefusals || granted.length < gapGrants || telling < gapGrants) return undefined;
  // What is let in now may be what is asked for now, and no word about what was refused then.
  if (calm >= calmGrants) return undefined;
  const grantedAscending = ascending(granted);
  const refusedMs = at(ascending(refused), 1 - gapStrays);
  const grantedMs = at(grantedAscending, gapStrays);
  const isSharp = refusedMs < grantedMs && grantedMs < tellingGap * refusedMs && refusedMs >= leastGapMs;
  if (!isSharp) return undefined;
  return { refusedMs, grantedMs, usualMs: at(grantedAscending, 0.5), isBucket: firstMs < refusedMs / 2 };
}

function ascending(gapsMs: readonly number[]): number[] {
  return [...gapsMs].sort((a, b) => a - b);
}

/** One that was seen: between two of them there may be none. */
function at(gapsMs: readonly number[], share: number): number {
  return gapsMs[Math.round(share * (gapsMs.length - 1))] as number;
}
