/** What a host that answers "not now" is told apart by: a rate, a cap on connections, a door that is shut. */
import type { Mark } from './accepted-log.ts';
import type { Accepted } from './error-cause.ts';
import { type Host, placeOf } from './host.ts';
import { connectionCap, type Flight, grantsOf, newLevels, withGrant, withRefusal } from './levels.ts';
import { refuseRate } from './rate-refusal.ts';
import { assumeRate, crowded, grantedInTheLongRun, isFound } from './rate-search.ts';
import {
  chanceMost,
  clusterSends,
  rareSends,
  rareShare,
  singleMost,
  stairShare,
  tellingRefusals,
  tellingStairs,
} from './rate-tuning.ts';
import { noSilence, refusedAgain } from './silence.ts';
import type { DelayedSettings } from './valid-settings.ts';

/** What the host said with a refusal. */
export interface Refusal {
  readonly retryAfterMs?: number | undefined;
  readonly isShut?: boolean | undefined;
}

/** What a refusal calls for. `crowded`: it is one of too many at once, as an overload is. */
export type Answer =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'crowded' }
  | { readonly kind: 'cap'; readonly connections: number }
  | { readonly kind: 'chance'; readonly suspicion: Accepted }
  | { readonly kind: 'wait'; readonly untilMs: number; readonly reason: string };

/** The host grants. One that had refused everything grants at least what it has granted in the long run. */
export function grantedBy(host: Host, flight: Flight, nowMs: number): void {
  if (host.levels !== undefined) host.levels = withGrant(host.levels, flight);
  host.granted++;
  if (host.silence === noSilence) return;
  if (host.silence.lengthMs > 0) {
    const meanPerS = (1000 * host.granted) / (nowMs - host.firstSendAtMs);
    host.rate = grantedInTheLongRun(host.rate, meanPerS, placeOf(host, nowMs));
  }
  host.silence = noSilence;
}

/** @param jitter - uniform in 0..1 */
export function refusedBy(
  settings: DelayedSettings,
  host: Host,
  flight: Flight,
  { retryAfterMs, isShut = false }: Refusal,
  nowMs: number,
  jitter: number,
): Answer {
  const { mark, inFlight } = flight;
  // Who says when speaks of time.
  if (retryAfterMs === undefined) {
    host.levels = withRefusal(host.levels ?? newLevels(mark.sends), flight, nowMs);
    host.silence = refusedAgain(host.silence, mark.atMs, isShut, nowMs, jitter);
  }
  if (host.silence.lengthMs > 0) return { kind: 'nothing' };
  const byChance = retryAfterMs === undefined ? chanceOf(host, nowMs) : undefined;
  if (byChance !== undefined) return byChance;
  if (host.capAt !== undefined && inFlight > host.capAt) {
    host.rate = crowded(host.rate, mark);
    return { kind: 'crowded' };
  }
  const connections = host.levels && connectionCap(host.levels);
  if (connections !== undefined) {
    host.capAt = connections;
    host.levels = undefined;
    // "Too many at once": the rate is open again.
    host.rate = assumeRate(host.rate, Number.POSITIVE_INFINITY, placeOf(host, nowMs));
    return { kind: 'cap', connections };
  }
  if (retryAfterMs === undefined && isRare(settings, host, mark)) {
    host.rate = crowded(host.rate, mark);
    return { kind: 'nothing' };
  }
  const { rate, cut } = refuseRate(settings, host.rate, flight, retryAfterMs, nowMs, host.control.reactionMs);
  host.rate = rate;
  if (cut === undefined) return { kind: 'nothing' };
  host.holdUntilMs = Math.max(host.holdUntilMs, cut.holdUntilMs);
  return { kind: 'wait', untilMs: Math.max(cut.episodeUntilMs, rate.pauseUntilMs), reason: cut.reason };
}

/**
 * While no rate is known: one that is exceeded refuses more than one of a few, and more than a few of many. Where many
 * machines share a host each of them costs more: what is decided reaches them late.
 */
function isRare({ feedbackDelayMs = 0 }: DelayedSettings, { rate, capAt, blame }: Host, { sends }: Mark): boolean {
  if (feedbackDelayMs > 0 || isFound(rate) || capAt !== undefined || blame.trial !== undefined) return false;
  const { refusedSends } = rate;
  const isCluster = (refusedSends.at(1 - tellingRefusals) ?? Number.NEGATIVE_INFINITY) >= sends - clusterSends;
  const recent = refusedSends.filter((at) => at > sends - rareSends).length + 1;
  return !isCluster && recent <= rareShare * Math.min(sends, rareSends);
}

/** What a refusal without a word of when calls for as long as such ones are chance, or are found to be now. */
function chanceOf(host: Host, nowMs: number): Answer | undefined {
  if (host.areRefusalsChance) {
    if (host.silence.refusals <= chanceMost) return { kind: 'crowded' };
    // So many in a row are no chance after all.
    host.areRefusalsChance = false;
    host.singleRefusals = [];
  }
  if (host.blame.trial !== undefined) return undefined;
  host.singleRefusals = withStair(host);
  return host.singleRefusals.length >= tellingStairs ? callChance(host, nowMs) : undefined;
}

/**
 * The falling rates at each of which a request or two were refused, of those that follow each other: a true rate refuses
 * near itself only.
 */
function withStair({ singleRefusals, silence, rate }: Host): readonly number[] {
  const { perS, bestPerS } = rate.estimate;
  if (silence.refusals > singleMost) return [];
  return perS < stairShare * (singleRefusals.at(-1) ?? bestPerS) ? [...singleRefusals, perS] : singleRefusals;
}

/** So many are expected from now on, as of errors that the host makes of its own. */
function callChance(host: Host, nowMs: number): Answer {
  const { levels = newLevels(0), control } = host;
  host.areRefusalsChance = true;
  host.rate = assumeRate(host.rate, Number.POSITIVE_INFINITY, placeOf(host, nowMs));
  const errors = levels.refusals;
  const results = errors + grantsOf(levels);
  return { kind: 'chance', suspicion: { concurrency: control.concurrency, wasGrowing: true, errors, results } };
}
