/** Finds the rate a host allows from the times of its 429s. */
import { type Mark, type RefusedSends, withRefused } from './accepted-log.ts';
import { type Segment, type Start, segmentsUntil, withStart } from './bucket.ts';
import type { LeastGap } from './gaps.ts';
import { learnFromPause } from './pause-lesson.ts';
import {
  growAfterMs,
  grownRate,
  knownRate,
  likelyBurst,
  openRate,
  probeAfterMs,
  type RateEstimate,
  rateHeld,
  verificationMs,
  warmRate,
} from './rate-estimate.ts';
import { roughRoom, usedShare } from './rate-tuning.ts';
import type { DelayedSettings } from './valid-settings.ts';

/** What the search does. Rates per second. */
type Phase =
  /** No 429 yet, or none that meant a rate. */
  | { readonly name: 'open' }
  /** A 429 came, and no look since. */
  | { readonly name: 'refused' }
  /** The rate in use is being verified since then. */
  | { readonly name: 'held'; readonly since: Mark }
  /** A Retry-After runs; at its end the stretch before it is judged. */
  | { readonly name: 'paused'; readonly sinceMs: number; readonly failedPerS: number; readonly heldPerS: number };

/**
 * What is known of the rate a host allows. A rate limiter answers 429 only while its bucket is empty, so between two
 * 429s without a pause accepted over elapsed is the rate itself; with Retry-After each pause refills the bucket, and two
 * stretches that began with a full one give rate and burst as slope and intercept. In between: bisection of
 * [lower, upper], verified by sending. Frozen. Source: token bucket (RFC 2697 idea), scenario runs; docs/paarc.md "rate".
 */
export interface RateSearch {
  readonly phase: Phase;
  readonly estimate: RateEstimate;
  readonly refusedSends: RefusedSends;
  /** Where sending changed its pace since the last pause, and the stretches until the very first 429. */
  readonly starts: readonly Start[];
  readonly firsts: readonly Segment[];
  /** 429s of what was sent before belong to the last decision. */
  readonly cutAtMs: number;
  /** The 429s that go on, and the one before them. */
  readonly episode: readonly Mark[];
  readonly episodeUntilMs: number;
  readonly previous: Mark | undefined;
  readonly lastRefusalAtMs: number;
  readonly pauseUntilMs: number;
  readonly retryAfterMs: number;
  /** The newest probe, until a 429 decides on the rate: where it began, from which rate, how often that moved since. */
  readonly probe: { readonly mark: Mark; readonly fromPerS: number; readonly steps: number } | undefined;
}

export interface Searched {
  readonly rate: RateSearch;
  /** Why the rate moved, where it did. */
  readonly reason?: string | undefined;
}

/** How many requests have gone out by now, and when the last one did. */
export interface Place extends Mark {
  readonly lastSendAtMs: number;
}

/** @param warmPerS - a rate that an earlier run has verified */
export function newRateSearch(settings: DelayedSettings, nowMs: number, warmPerS?: number): RateSearch {
  const mark: Mark = { sends: 0, atMs: nowMs };
  return {
    phase: warmPerS === undefined ? { name: 'open' } : { name: 'held', since: mark },
    estimate: warmPerS === undefined ? openRate : warmRate(settings, warmPerS),
    refusedSends: [],
    starts: [],
    firsts: [],
    cutAtMs: Number.NEGATIVE_INFINITY,
    episode: [],
    episodeUntilMs: 0,
    previous: undefined,
    lastRefusalAtMs: 0,
    pauseUntilMs: 0,
    retryAfterMs: 0,
    probe: undefined,
  };
}

/** The limit grew while the rate was open: from here on we send faster. */
export function paceGrew(rate: RateSearch, here: Mark): RateSearch {
  if (isFound(rate) || rate.starts.length === 0) return rate;
  return begin(rate, here, Number.POSITIVE_INFINITY, 0);
}

/**
 * After a silence nobody asked for: what was granted over both of them is no less than the rate, and what was in use
 * when it began was too much.
 */
export function grantedInTheLongRun(rate: RateSearch, perS: number, here: Mark): RateSearch {
  const half = isFound(rate) ? rate.estimate.perS / 2 : 0;
  const { isSpaced } = rate.estimate;
  const estimate = { ...knownRate(rate.estimate, Math.max(perS, half), roughRoom), isSpaced };
  return hold({ ...rate, estimate }, here);
}

/**
 * Errors seem to mean a rate, and this is what was granted while they came; Infinity: they do not after all.
 * @param room - how much more it may be
 */
export function assumeRate(rate: RateSearch, perS: number, here: Mark, room = Number.POSITIVE_INFINITY): RateSearch {
  const cut: RateSearch = { ...rate, lastRefusalAtMs: here.atMs, cutAtMs: here.atMs };
  if (perS === Number.POSITIVE_INFINITY) return { ...cut, estimate: openRate, phase: { name: 'open' } };
  return hold({ ...cut, estimate: knownRate(rate.estimate, perS, room) }, here);
}

/** Refusals were seen to mean the time between two requests, which is as good as a rate that was measured. */
export function spaceOut(settings: DelayedSettings, rate: RateSearch, gap: LeastGap, here: Mark): RateSearch {
  const perS = (settings.rateSafety * 1000) / gap.grantedMs;
  const assumed = assumeRate(rate, perS, here, (roughRoom * 1000) / gap.refusedMs / perS);
  const estimate = { ...assumed.estimate, isRough: false, isSpaced: !gap.isBucket };
  // What had gone out before is explained.
  return { ...assumed, estimate, episode: [], cutAtMs: here.atMs + (settings.feedbackDelayMs ?? 0) };
}

/** Before a request goes out. */
export function beforeSend(settings: DelayedSettings, before: RateSearch, here: Place): RateSearch {
  const { rate } = overPause(settings, before, here);
  return rate.starts.length === 0 ? begin(rate, here, Number.POSITIVE_INFINITY, 0) : rate;
}

/** Any Retry-After, also that of a 503 or of a 429 that is ignored otherwise: no send before it is over. */
export function pauseFor(rate: RateSearch, retryAfterMs: number, nowMs: number, jitter: number): RateSearch {
  const spreadMs = Math.min(1000, 0.05 * retryAfterMs);
  return { ...rate, pauseUntilMs: Math.max(rate.pauseUntilMs, nowMs + retryAfterMs + spreadMs * jitter) };
}

/** A 429 for the request of `sent` that is no word about the rate. */
export function crowded(rate: RateSearch, sent: Mark): RateSearch {
  return { ...rate, refusedSends: withRefused(rate.refusedSends, sent) };
}

/** Verify, grow, probe. Cheap; called at every look. */
export function advanceRate(settings: DelayedSettings, before: RateSearch, here: Place, reactionMs: number): Searched {
  const judged = overPause(settings, before, here);
  const { rate } = judged;
  const { phase, estimate } = rate;
  if (!isFound(rate) || here.atMs < rate.pauseUntilMs) return judged;
  if (phase.name !== 'held') return { ...judged, rate: hold(rate, here) };
  const heldMs = here.atMs - phase.since.atMs;
  const burst = likelyBurst(estimate, rate.firsts);
  if (heldMs < verificationMs(settings, { ...estimate, burst }, reactionMs)) return judged;
  // Not used, so not verified: something else is the bottleneck. Look again from here.
  if (here.sends - phase.since.sends < (usedShare * estimate.perS * heldMs) / 1000)
    return { ...judged, rate: hold(rate, here) };
  const verified: RateSearch = { ...rate, estimate: rateHeld(estimate) };
  return growOrProbe(settings, verified, heldMs, here, reactionMs) ?? { ...judged, rate: verified };
}

function growOrProbe(
  settings: DelayedSettings,
  rate: RateSearch,
  heldMs: number,
  here: Mark,
  reactionMs: number,
): Searched | undefined {
  const { estimate, probe } = rate;
  const heldPerS = estimate.perS;
  const grown = grownRate(settings, estimate);
  if (grown !== undefined) {
    if (here.atMs < rate.lastRefusalAtMs + growAfterMs(estimate)) return undefined;
    const next = { ...estimate, perS: grown };
    const steps = probe && { ...probe, steps: probe.steps + 1 };
    const held = hold({ ...rate, estimate: next, probe: steps }, here);
    return { rate: begin(held, here, heldMs, heldPerS), reason: 'rate held, growing' };
  }
  const used = { perS: heldPerS, retryAfterMs: rate.retryAfterMs };
  if (here.atMs < rate.lastRefusalAtMs + probeAfterMs(settings, used, reactionMs)) return undefined;
  const next = { ...estimate, perS: settings.rateProbeGain * heldPerS, upperPerS: Number.POSITIVE_INFINITY };
  const held = hold({ ...rate, estimate: next, probe: { mark: here, fromPerS: heldPerS, steps: 0 } }, here);
  return { rate: begin(held, here, heldMs, heldPerS), reason: 'rate probe' };
}

/** The pause is over: what did the stretch before it say about the bucket? */
function overPause(settings: DelayedSettings, rate: RateSearch, here: Place): Searched {
  const { phase, estimate } = rate;
  if (phase.name !== 'paused' || here.atMs < rate.pauseUntilMs) return { rate };
  const pauseMs = rate.pauseUntilMs - phase.sinceMs;
  // To the last send and not to the last one refused: a wave arrives in any order, and what was sent later may have
  // got its tokens.
  const candidates = segmentsUntil(rate.starts, { ...here, atMs: here.lastSendAtMs }, rate.refusedSends);
  const before = { ...phase, upperPerS: estimate.upperPerS, pauseMs };
  const { reason, burst, ...learnt } = learnFromPause(rate.firsts, candidates, before, settings.rateSafety);
  const known = burst === undefined ? {} : { burst, isBurstKnown: true };
  const over: RateSearch = {
    ...rate,
    estimate: { ...estimate, ...learnt, ...known },
    firsts: rate.firsts.length === 0 ? candidates : rate.firsts,
    starts: [{ mark: here, perS: learnt.perS, restMs: pauseMs, restPerS: 0 }],
    probe: undefined,
    episode: [],
  };
  return { rate: hold(over, here), reason };
}

/** Whether there is a rate to keep. */
export function isFound({ estimate }: RateSearch): boolean {
  return estimate.perS < Number.POSITIVE_INFINITY;
}

function hold(rate: RateSearch, since: Mark): RateSearch {
  return { ...rate, phase: { name: 'held', since } };
}

/** A stretch begins at the rate in use. */
function begin(rate: RateSearch, mark: Mark, restMs: number, restPerS: number): RateSearch {
  const start: Start = { mark, perS: rate.estimate.perS, restMs, restPerS };
  return { ...rate, starts: withStart(rate.starts, start) };
}
