/** Whether a round was an overload or chance. */
import { foundCeiling, openCeiling } from './ceiling.ts';
import { nothingSeen } from './error-counts.ts';
import type { Interval } from './interval.ts';
import type { PaarcSettings } from './options.ts';
import type { BackoffState, Control, Decision, OverloadShares, PaarcState } from './state.ts';

/**
 * Share of requests and of their time above which an overload is severe, and with the least limit an outage. Chosen.
 */
const severeShare = 0.5;
/** Mid-round a burst of errors needs this many results and this share to be believed. Chosen by scenario runs. */
const earlyResults = 6;
const earlyShare = 0.05;
/** While we test whether errors go with the load, only a share no chance explains ends the test. */
const experimentShare = 0.4;
/** Cooldown in units of the unloaded median (cooldown_rtprop_mult of the original). */
const cooldownBaselines = 5;

/**
 * Share of errors that is taken for chance until the host has shown its own: real hosts have some, and at 0 three of
 * them in a hundred replies would stop a growing limit for four seconds. Chosen by scenario runs.
 */
const presumedErrors = 0.01;

/** What the tests below look at. */
type Counts = Pick<Interval, 'overloads' | 'results'>;

/** The end of a round: enough overload results, and enough of them. */
export function isOverloaded(settings: PaarcSettings, control: Control, counts: Counts): boolean {
  return isUnusual(settings, control, counts) && counts.overloads >= settings.errTolerance * counts.results;
}

/** During a cooldown only a share that cannot be chance cuts again; the rest is judged at its end. */
export function isOverloadedAgain(
  settings: PaarcSettings,
  control: Control,
  state: BackoffState,
  counts: Counts,
): boolean {
  const share = state.experimentFrom === undefined ? earlyShare : experimentShare;
  return (
    isUnusual(settings, control, counts) && counts.results >= earlyResults && counts.overloads >= share * counts.results
  );
}

/** Before the end of a round: so many that waiting for it would be rude. */
export function isOverloadedEarly(settings: PaarcSettings, control: Control, counts: Counts): boolean {
  return (
    isUnusual(settings, control, counts) &&
    counts.results >= earlyResults &&
    counts.overloads >= earlyShare * counts.results
  );
}

/** More than noise, and more than the errors this host makes whatever our load. */
export function isUnusual(settings: PaarcSettings, control: Control, counts: Counts): boolean {
  return counts.overloads >= settings.errMin && exceedsNoise(control.shownErrors ?? presumedErrors, counts);
}

/** Four deviations of a Poisson count above the expected one, because it is asked at every error. */
export function exceedsNoise(share: number, { overloads, results }: Counts): boolean {
  const expected = share * results;
  return overloads > (expected > 0 ? expected + 4 * Math.sqrt(expected) + 1 : 0);
}

/**
 * Cut in proportion to what was refused: below the least number in flight that met a refusal, by the share of time
 * spent on refusals, never by more than beta. A repeated severe overload is an outage: silence but for a probe
 * (half-open).
 * @param jitter - uniform in 0..1; spreads the return of many clients
 */
export function cutForOverload(
  settings: PaarcSettings,
  control: Control,
  state: PaarcState,
  interval: Interval,
  nowMs: number,
  jitter: number,
): Decision {
  const before = control.concurrency;
  const share = interval.overloads / Math.max(1, interval.results);
  const severe = isSevere({ ofResults: share, ofTime: interval.overloadTimeShare });
  const recoverConcurrency = Math.max(
    control.recoverConcurrency,
    state.name === 'probe-rtt' ? state.savedConcurrency : before,
  );
  const wasSevere = state.name === 'backoff' && state.before !== undefined && isSevere(state.before);
  if ((severe && wasSevere) || (share > severeShare && before <= settings.cMin)) {
    return {
      control: { ...control, concurrency: settings.cMin, ceiling: openCeiling, recoverConcurrency },
      state: { name: 'backoff', cause: 'outage', untilMs: Number.POSITIVE_INFINITY, seen: nothingSeen, repeats: 0 },
      reason: 'outage',
    };
  }
  const refusedAt = interval.leastInFlightOverloaded;
  // Rounded up: on a host of few permits the share of a handful of results would take one permit too many.
  const passed = Math.ceil((1 - interval.overloadTimeShare) * before);
  // Refusals that go on after small cuts call for larger ones: 1, 1, 2, 4 … permits.
  const repeats = state.name === 'backoff' && state.cause === 'overload' ? state.repeats + 1 : 0;
  const proportional = Math.min(before - 2 ** Math.max(0, repeats - 1), refusedAt - 1, passed);
  const concurrency = Math.max(settings.cMin, settings.beta * before, proportional);
  const ceilingAt = Math.max(concurrency + 1, Math.min(before, refusedAt));
  const cooldownMs =
    Math.max(settings.cooldownFloorMs, cooldownBaselines * (control.baseline?.p50Ms ?? 0)) * (1 + jitter / 4);
  return {
    control: { ...control, concurrency, ceiling: foundCeiling(control.ceiling, ceilingAt, nowMs), recoverConcurrency },
    state: {
      name: 'backoff',
      cause: 'overload',
      untilMs: nowMs + cooldownMs,
      seen: nothingSeen,
      repeats,
      before: { ofResults: share, ofTime: interval.overloadTimeShare },
    },
    reason: 'overload',
  };
}

function isSevere(shares: Pick<OverloadShares, 'ofResults' | 'ofTime'>): boolean {
  return shares.ofResults > severeShare && shares.ofTime > severeShare;
}
