/** What errors are to be blamed on: our load, the host itself, a rate that we exceed. What follows is done elsewhere. */
import { beginSuspicion, cutAgain, hear, isFlood, type Suspicion, verdictOf } from './error-cause.ts';
import { type Gaps, type LeastGap, leastGap } from './gaps.ts';
import { type Flight, isGradual, type Levels } from './levels.ts';
import { roomOf } from './rate-estimate.ts';
import { beginTrial, countTrial, judgeTrial, type RateTrial, spacedTrial } from './rate-trial.ts';
import type { PaarcSettings } from './settings.ts';
import { isOutage, type PaarcState } from './state.ts';
import {
  againMs,
  deepPart,
  fewErrors,
  mixedLeast,
  relapseMs,
  trialGrants,
  trialMeasureMs,
  trialPauseMs,
} from './tuning.ts';

/** What is known of the errors of a host. Frozen. */
export interface ErrorBlame {
  readonly suspicion?: Suspicion | undefined;
  /** While it goes on errors count as a 429 does. */
  readonly trial?: RateTrial | undefined;
  readonly trialAgainAtMs: number;
  readonly triedAtMs: number;
  readonly ownAtMs: number;
  /** When deep cuts had helped; and whether they had to be made again, which no place to refuse at would call for. */
  readonly deepAtMs: number;
  readonly isSawtooth: boolean;
  readonly outageOverAtMs: number;
  readonly outage: Outage;
}

/** The outage that goes on, or the last one. */
interface Outage {
  /** It began as soon as the one before was over. */
  readonly isRelapse: boolean;
  readonly grants: number;
  /** Errors that followed a grant. */
  readonly mixes: number;
  readonly wasGranted: boolean;
}

const newOutage: Outage = { isRelapse: false, grants: 0, mixes: 0, wasGranted: false };
const never = Number.NEGATIVE_INFINITY;
const anyRoom = Number.POSITIVE_INFINITY;

export const noBlame: ErrorBlame = {
  trialAgainAtMs: 0,
  triedAtMs: never,
  ownAtMs: never,
  deepAtMs: never,
  outageOverAtMs: never,
  isSawtooth: false,
  outage: newOutage,
};

/** What follows from what errors showed. `rate`: they mean one, on trial. `open`: they do not, after a trial. */
export type Verdict =
  | { readonly kind: 'own'; readonly suspicion: Suspicion }
  | { readonly kind: 'flood' }
  | {
      readonly kind: 'rate';
      readonly suspicion: Suspicion;
      readonly perS: number;
      /** How much more it may be. */
      readonly room: number;
    }
  | { readonly kind: 'spaced'; readonly suspicion: Suspicion; readonly gap: LeastGap }
  | { readonly kind: 'double' }
  | { readonly kind: 'open'; readonly next: Verdict | undefined };

/** What follows, and what is known then. */
interface Judged {
  readonly blame: ErrorBlame;
  readonly verdict?: Verdict | undefined;
  /** Levels are counted anew. */
  readonly isAnew?: boolean;
}

/** What is counted of errors all the time. */
export interface ErrorsSeen {
  /** How many others the errors met, since the last verdict. */
  readonly errorLevels: Levels;
  readonly gaps: Gaps;
  /** So many requests at once is what they were found to mean. */
  readonly capAt: number | undefined;
}

/** One more result. */
export function heard(blame: ErrorBlame, { mark, inFlight }: Flight, isError: boolean): ErrorBlame {
  const { suspicion, trial } = blame;
  if (suspicion === undefined && trial === undefined) return blame;
  return {
    ...blame,
    suspicion: suspicion && hear(suspicion, mark.atMs, inFlight, isError),
    trial: trial && countTrial(trial, mark.atMs, isError),
  };
}

/** An answer to a probe during an outage. */
export function probed(blame: ErrorBlame, isError: boolean): ErrorBlame {
  const { grants, mixes, wasGranted } = blame.outage;
  const outage: Outage = {
    ...blame.outage,
    grants: grants + (isError ? 0 : 1),
    mixes: mixes + (isError && wasGranted ? 1 : 0),
    wasGranted: !isError,
  };
  return { ...blame, outage };
}

/** The limit is cut for errors. @param settings - for the last limit that had held */
export function cutFor(
  settings: PaarcSettings,
  blame: ErrorBlame,
  concurrency: number,
  state: PaarcState,
  nowMs: number,
): ErrorBlame {
  const { suspicion } = blame;
  const held = heldConcurrency(settings, concurrency, state);
  const isFirst = state.name !== 'backoff';
  const wasDeep = suspicion === undefined ? nowMs - blame.deepAtMs < againMs : isDeep(suspicion);
  return {
    ...blame,
    isSawtooth: blame.isSawtooth || (isFirst && wasDeep),
    suspicion:
      suspicion === undefined
        ? beginSuspicion(concurrency, held, isGrowing(state), nowMs)
        : cutAgain(suspicion, concurrency, isFirst ? held : 0, nowMs),
  };
}

export function outageBegan(blame: ErrorBlame, nowMs: number): ErrorBlame {
  return { ...blame, outage: { ...newOutage, isRelapse: nowMs - blame.outageOverAtMs < relapseMs } };
}

export function outageOver(blame: ErrorBlame, nowMs: number): ErrorBlame {
  return { ...blame, outageOverAtMs: nowMs, suspicion: undefined };
}

/** What the errors have shown by now. @param perS - the rate in use */
export function judgeErrors(
  blame: ErrorBlame,
  seen: ErrorsSeen,
  state: PaarcState,
  perS: number,
  nowMs: number,
): Judged {
  const isOut = isOutage(state);
  const spaced = isOut ? undefined : spacedOut(blame, seen, nowMs);
  if (spaced !== undefined) return spaced;
  const tried = overTrial(blame, perS, isOut, nowMs);
  return tried.verdict === undefined ? judgeSuspicion(tried.blame, seen, isOut, nowMs) : tried;
}

/** Errors of what came too soon after another one, seen in cuts for them or while a rate is tried. */
function spacedOut(blame: ErrorBlame, { gaps, capAt }: ErrorsSeen, nowMs: number): Judged | undefined {
  // One that led to a trial is over: what the limit was then is no place to return to.
  const suspicion = blame.suspicion ?? (blame.trial && { ...blame.trial.suspicion, concurrency: 0 });
  const mayTry = nowMs >= blame.trialAgainAtMs && capAt === undefined && blame.trial?.phase !== 'spaced';
  if (suspicion === undefined || !mayTry) return undefined;
  const gap = leastGap(gaps);
  if (gap === undefined || (gap.isBucket && blame.trial !== undefined)) return undefined;
  const trial = spacedTrial(suspicion, nowMs, 1000 / gap.usualMs);
  return { blame: { ...blame, suspicion: undefined, trial }, verdict: { kind: 'spaced', suspicion, gap } };
}

function judgeSuspicion(blame: ErrorBlame, seen: ErrorsSeen, isOut: boolean, nowMs: number): Judged {
  const { suspicion, outage, isSawtooth } = blame;
  if (suspicion === undefined) return { blame };
  const verdict = verdictOf(suspicion);
  const mayTry = nowMs >= blame.trialAgainAtMs && blame.trial === undefined;
  if (isOut) {
    const isNoOutage = outage.isRelapse || (outage.mixes >= mixedLeast && verdict === 'many');
    if (!isNoOutage || outage.grants < trialGrants || nowMs < blame.trialAgainAtMs) return { blame };
  } else if (verdict === undefined && !isSawtooth) return { blame };
  const sinceMs = nowMs - suspicion.sinceMs;
  const isMeasured = sinceMs >= trialMeasureMs && suspicion.granted >= trialGrants;
  if ((verdict === 'many' || isSawtooth) && !isMeasured) return { blame };
  const judged: ErrorBlame = { ...blame, suspicion: undefined };
  const grantedPerS = (1000 * suspicion.granted) / sinceMs;
  if (isSawtooth) {
    if (!mayTry || isOut) return { blame: { ...blame, isSawtooth: false } };
    return tryRate({ ...judged, isSawtooth: false }, suspicion, nowMs, grantedPerS, anyRoom);
  }
  if (verdict === 'load' && !isOut) {
    if (isGradual(seen.errorLevels) && mayTry)
      return { ...tryRate(judged, suspicion, nowMs, grantedPerS, roomOf(suspicion.granted)), isAnew: true };
    return { blame: isDeep(suspicion) ? { ...judged, deepAtMs: nowMs } : judged, isAnew: true };
  }
  const isAgain = nowMs - blame.ownAtMs < againMs && suspicion.errors > fewErrors * suspicion.results;
  const own: ErrorBlame = { ...judged, ownAtMs: nowMs };
  if (verdict === 'own' && !isAgain) return { blame: own, verdict: { kind: 'own', suspicion } };
  // In an outage, as while cut far down, we asked for no more than was granted.
  return tryRate(own, suspicion, nowMs, grantedPerS, isOut ? anyRoom : roomOf(suspicion.granted));
}

/** So many errors at any load: perhaps they mean a rate. @param room - how much more it may be */
function tryRate(blame: ErrorBlame, suspicion: Suspicion, nowMs: number, perS: number, room: number): Judged {
  if (nowMs < blame.trialAgainAtMs || blame.trial !== undefined) return { blame, verdict: without(suspicion) };
  const isFirst = nowMs - blame.triedAtMs > againMs;
  const trial = beginTrial(suspicion, errorShare(suspicion), nowMs, isFirst, perS);
  return { blame: { ...blame, trial, triedAtMs: nowMs }, verdict: { kind: 'rate', suspicion, perS, room } };
}

/** A deviation less than was seen: a count is looked at because it was large. */
function errorShare({ errors, results }: Suspicion): number {
  return (errors - Math.sqrt(errors)) / Math.max(1, results);
}

function overTrial(blame: ErrorBlame, perS: number, isOut: boolean, nowMs: number): Judged {
  if (blame.trial === undefined) return { blame };
  const { trial, verdict } = isOut
    ? { trial: blame.trial, verdict: 'failed' as const }
    : judgeTrial(blame.trial, perS, nowMs);
  switch (verdict) {
    case undefined:
      return { blame: { ...blame, trial } };
    case 'double':
      return { blame: { ...blame, trial }, verdict: { kind: 'double' } };
    case 'none':
      return { blame: { ...blame, trial: undefined }, verdict: { kind: 'open', next: undefined } };
    case 'failed':
      return {
        blame: { ...blame, trial: undefined, trialAgainAtMs: nowMs + trialPauseMs },
        verdict: { kind: 'open', next: isOut ? undefined : without(trial.suspicion) },
      };
  }
}

/** Errors went on until the limit was cut by much. */
function isDeep({ leastConcurrency, concurrency }: Suspicion): boolean {
  return leastConcurrency < deepPart * concurrency;
}

/** Errors that are no rate: the host's own, or more than any host makes. */
function without(suspicion: Suspicion): Verdict {
  return isFlood(suspicion) ? { kind: 'flood' } : { kind: 'own', suspicion };
}

/** Whether the limit had not found its place yet. */
function isGrowing(state: PaarcState): boolean {
  return state.name === 'startup' || state.name === 'init';
}

/** The last limit that had held before the present one. */
export function heldConcurrency(
  { startupGain }: Pick<PaarcSettings, 'startupGain'>,
  concurrency: number,
  state: PaarcState,
): number {
  if (isGrowing(state)) return concurrency / startupGain;
  return state.name === 'probe-bw' ? (state.search.probe?.concurrency ?? concurrency) : concurrency;
}
