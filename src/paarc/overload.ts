/** Whether errors were an overload or chance: of a round when it ends, and once more after the cut. */
import { foundCeiling, openCeiling } from './ceiling.ts';
import type { Interval, Round } from './interval.ts';
import type { PaarcSettings } from './settings.ts';
import {
  baseConcurrency,
  type Control,
  type Decision,
  type OverloadShares,
  type PaarcState,
  type ProbeRttState,
} from './state.ts';
import {
  aboveCap,
  againMs,
  answeredReactions,
  cooldownBaselines,
  earlyResults,
  earlyShare,
  failedPart,
  leastAnswers,
  overloadChanceShare,
  presumedErrors,
  severeShare,
} from './tuning.ts';

/** What the tests below look at. */
type Counts = Pick<Interval, 'overloads' | 'results'>;

/** The end of a round: enough overload results, and enough of them. */
export function isOverloaded(settings: PaarcSettings, control: Control, state: PaarcState, counts: Counts): boolean {
  if (state.name === 'backoff') return isOverloadedEarly(settings, control, counts);
  return isUnusual(settings, control, counts) && counts.overloads >= settings.errTolerance * counts.results;
}

/**
 * Before the end of a round: so many that waiting for it would be rude. During a cooldown only such a share, which
 * cannot be chance, cuts again; the rest is judged at its end.
 */
export function isOverloadedEarly(settings: PaarcSettings, control: Control, counts: Counts): boolean {
  const { results, overloads } = counts;
  return isUnusual(settings, control, counts) && results >= earlyResults && overloads >= earlyShare * results;
}

/** More than noise, and more than the errors this host makes whatever our load. */
function isUnusual(settings: PaarcSettings, control: Control, counts: Counts): boolean {
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
  if (state.name === 'probe-rtt' && !severe) return endLook(settings, control, state, nowMs);
  const fitting = fittingConcurrency(settings, control, interval);
  const recoverConcurrency = Math.min(Math.max(control.recoverConcurrency, baseConcurrency(control, state)), fitting);
  const wasSevere = state.name === 'backoff' && state.before !== undefined && isSevere(state.before);
  const refusedAt = interval.leastInFlightOverloaded;
  const isAlways = share > severeShare && before <= settings.cMin && refusedAt <= 1;
  if ((severe && wasSevere) || isAlways) return fallSilent(settings, { ...control, recoverConcurrency });
  // Rounded up: on a host of few permits the share of a handful of results would take one permit too many.
  const passed = Math.ceil((1 - interval.overloadTimeShare) * before);
  // Refusals that go on after small cuts call for larger ones: 1, 1, 2, 4 … permits.
  const repeats = state.name === 'backoff' && state.cause === 'overload' ? state.repeats + 1 : 0;
  const proportional = Math.min(before - 2 ** Math.max(0, repeats - 1), refusedAt - 1, passed);
  // A host that never refused one request alone may take no more than that.
  const least = refusedAt > 1 && refusedAt <= settings.cMin ? 1 : settings.cMin;
  const concurrency = Math.max(
    Math.min(before, least),
    Math.min(fitting, Math.max(settings.beta * before, proportional)),
  );
  const ceilingAt = Math.max(Math.floor(concurrency) + 1, Math.min(before, refusedAt));
  // Requests that came all at once, before the host's latency was known, may have been too close together rather than
  // too many: that is tried soon. Cuts that follow belong to the first one.
  const firstAtMs = repeats > 0 ? control.ceiling.sinceMs : nowMs;
  const isDoubtful = control.baseline === undefined || control.shownErrors !== undefined;
  const foundAtMs = isDoubtful ? Number.NEGATIVE_INFINITY : firstAtMs;
  // Refusals far below the place where they began are those of a host that fails, not of one with such a place.
  const beganAt = refusalsBegan(state, repeats);
  const isFailing =
    nowMs - control.refusedAloneAtMs < againMs || (repeats > 0 && severe) || refusedAt < failedPart * beganAt;
  const ceiling = isFailing ? openCeiling : foundCeiling(control.ceiling, ceilingAt, foundAtMs);
  const cooldownMs =
    Math.max(settings.cooldownFloorMs, cooldownBaselines * (control.baseline?.p50Ms ?? 0)) * (1 + jitter / 4);
  return {
    control: { ...control, concurrency, ceiling, recoverConcurrency },
    state: {
      name: 'backoff',
      cause: 'overload',
      untilMs: nowMs + cooldownMs,
      repeats,
      before: { ofResults: share, ofTime: interval.overloadTimeShare },
      refusedAt: repeats > 0 ? Math.max(beganAt, refusedAt) : refusedAt,
    },
    reason: 'overload',
  };
}

/** What half of the load meets, and all of it did not, is no overload: the limit is what it was. */
function endLook(settings: PaarcSettings, control: Control, state: ProbeRttState, nowMs: number): Decision {
  const probeRttAtMs = nowMs + settings.probeRttPeriodMs;
  return {
    control: { ...control, concurrency: state.savedConcurrency, probeRttAtMs },
    state: { name: 'probe-bw', search: state.search },
    reason: 'errors with little load',
  };
}

/** Errors that take longer than answers have waited for the host: what it carries without that, with headroom. */
export function fittingConcurrency(
  { headroom, theta50 }: PaarcSettings,
  { concurrency, baseline }: Control,
  { overloads, overloadMs }: Pick<Interval, 'overloads' | 'overloadMs'>,
): number {
  const meanMs = overloadMs / Math.max(1, overloads);
  const ratio = meanMs / (baseline?.p50Ms ?? Number.POSITIVE_INFINITY);
  return ratio > theta50 ? (headroom * concurrency) / ratio : Number.POSITIVE_INFINITY;
}

/** In flight at the first of several cuts, or what a host had carried that returns to it; 0 where nothing is known. */
function refusalsBegan(state: PaarcState, repeats: number): number {
  if (state.name === 'startup') return state.untilConcurrency < Number.POSITIVE_INFINITY ? state.untilConcurrency : 0;
  return state.name === 'backoff' && repeats > 0 ? (state.refusedAt ?? 0) : 0;
}

/** Nothing but a probe now and then (half-open). */
export function fallSilent(settings: PaarcSettings, control: Control): Decision {
  return {
    control: { ...control, concurrency: settings.cMin, ceiling: openCeiling },
    state: { name: 'backoff', cause: 'outage', untilMs: Number.POSITIVE_INFINITY, repeats: 0 },
    reason: 'outage',
  };
}

function isSevere({ ofResults, ofTime }: OverloadShares): boolean {
  return ofResults > severeShare && ofTime > severeShare;
}

/**
 * The answers after a cut to requests that had gone out before it. If the host had a cap where it seemed to refuse, most
 * requests sent well above that level were refused too; if most of them succeed, a few errors by chance had met a growing
 * limit. Without this a host with 1 % random errors is stopped in STARTUP at a tenth of its capacity by three errors in a
 * row.
 */
export interface CutEcho {
  /** What was in force before the cut, since `sinceMs`. */
  readonly control: Control;
  readonly state: PaarcState;
  readonly sinceMs: number;
  readonly cutAtMs: number;
  /** Least number in flight of the requests that tell. */
  readonly level: number;
  readonly answers: number;
  readonly refused: number;
}

/** @param round - in which the refusals came */
export function beginEcho(control: Control, state: PaarcState, round: Readonly<Round>, cutAtMs: number): CutEcho {
  const level = aboveCap * round.secondLeastInFlight;
  return { control, state, sinceMs: round.sinceMs, cutAtMs, level, answers: 0, refused: 0 };
}

/** One more answer. */
export function withAnswer(echo: CutEcho, sentAtMs: number, inFlightAtSend: number, isRefused: boolean): CutEcho {
  if (sentAtMs > echo.cutAtMs || sentAtMs < echo.sinceMs || inFlightAtSend < echo.level) return echo;
  return { ...echo, answers: echo.answers + 1, refused: echo.refused + (isRefused ? 1 : 0) };
}

/** Whether the answers are in. */
export function isHeard({ cutAtMs, control }: CutEcho, nowMs: number): boolean {
  return nowMs >= cutAtMs + answeredReactions * control.reactionMs;
}

/** Take the cut back, if the refusals were chance. */
export function undoCut(echo: CutEcho, control: Control): Decision | undefined {
  if (echo.answers < leastAnswers || echo.refused >= overloadChanceShare * echo.answers) return undefined;
  const { concurrency, ceiling } = echo.control;
  return { control: { ...control, concurrency, ceiling }, state: echo.state, reason: 'the refusals were chance' };
}
