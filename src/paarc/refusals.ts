/** What a host that answers "not now" is told apart by: a rate, a cap on connections, a door that is shut. */

import { beginSuspicion, type Suspicion } from './error-cause.ts';
import type { Host } from './host.ts';
import { connectionCap, type Flight, newLevels, withGrant, withRefusal } from './levels.ts';
import { assumeRate, crowded, grantedInTheLongRun, refuseRate } from './rate-search.ts';
import { chanceMost, singleMost, stairShare, tellingStairs } from './rate-tuning.ts';
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
  | { readonly kind: 'chance'; readonly suspicion: Suspicion }
  | { readonly kind: 'wait'; readonly untilMs: number; readonly reason: string };

/** The host grants. One that had refused everything grants at least what it has granted in the long run. */
export function grantedBy(host: Host, flight: Flight, nowMs: number): void {
  if (host.levels !== undefined) host.levels = withGrant(host.levels, flight);
  host.granted++;
  if (host.silence === noSilence) return;
  if (host.silence.lengthMs > 0) {
    const meanPerS = (1000 * host.granted) / (nowMs - host.firstSendAtMs);
    host.rate = grantedInTheLongRun(host.rate, meanPerS, { sends: host.sends, atMs: nowMs });
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
  if (host.areRefusalsChance && retryAfterMs === undefined) {
    if (host.silence.refusals <= chanceMost) return { kind: 'crowded' };
    // So many in a row are no chance after all.
    host.areRefusalsChance = false;
    host.singleRefusals = [];
  }
  if (retryAfterMs === undefined && host.blame.trial === undefined && areSingle(host)) return callChance(host, nowMs);
  if (host.capAt !== undefined && inFlight > host.capAt) {
    host.rate = crowded(host.rate, mark);
    return { kind: 'crowded' };
  }
  const connections = host.levels && connectionCap(host.levels);
  if (connections !== undefined) {
    host.capAt = connections;
    host.levels = undefined;
    // "Too many at once": the rate is open again.
    host.rate = assumeRate(host.rate, Number.POSITIVE_INFINITY, { sends: host.sends, atMs: nowMs });
    return { kind: 'cap', connections };
  }
  const { rate, cut } = refuseRate(settings, host.rate, flight, retryAfterMs, nowMs, host.control.reactionMs);
  host.rate = rate;
  if (cut === undefined) return { kind: 'nothing' };
  host.holdUntilMs = Math.max(host.holdUntilMs, cut.holdUntilMs);
  return { kind: 'wait', untilMs: Math.max(cut.episodeUntilMs, rate.pauseUntilMs), reason: cut.reason };
}

/**
 * Whether the rate was lowered again and again, and each time a request or two of those that follow were refused: a true
 * rate refuses near itself only.
 */
function areSingle(host: Host): boolean {
  const { perS, bestPerS } = host.rate.estimate;
  if (host.silence.refusals > singleMost) host.singleRefusals = [];
  else if (perS < stairShare * (host.singleRefusals.at(-1) ?? bestPerS))
    host.singleRefusals = [...host.singleRefusals, perS];
  return host.singleRefusals.length >= tellingStairs;
}

/** So many are expected from now on, as of errors that the host makes of its own. */
function callChance(host: Host, nowMs: number): Answer {
  const { granted = [], refusals = 0 } = host.levels ?? {};
  const { concurrency } = host.control;
  const results = refusals + granted.reduce((sum, count) => sum + count, 0);
  host.areRefusalsChance = true;
  host.rate = assumeRate(host.rate, Number.POSITIVE_INFINITY, { sends: host.sends, atMs: nowMs });
  const suspicion = { ...beginSuspicion(concurrency, concurrency, true, nowMs), errors: refusals, results };
  return { kind: 'chance', suspicion };
}
