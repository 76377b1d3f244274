/** One finished round to the next state: the exhaustive switch. */
import { baselineFrom, foldIntoBaseline, lowerBaseline } from './baseline.ts';
import { grow } from './ceiling.ts';
import { clientLimitedRound, freeRound } from './client-guard.ts';
import type { Interval } from './interval.ts';
import { looksMixed } from './mixture.ts';
import { cutForOverload, isOverloaded } from './overload.ts';
import { probeBwRound } from './probe-bw.ts';
import type { PaarcSettings } from './settings.ts';
import { startupRound } from './startup.ts';
import {
  type BackoffState,
  beginStartup,
  type Control,
  type Decision,
  type PaarcState,
  type Point,
  type ProbeBwState,
  type ProbeRttState,
  type StartupState,
} from './state.ts';
import {
  followingShare,
  lowerWithMany,
  mixedMeans,
  mostMixedReactionMs,
  replaceAbove,
  replaceBelow,
  unloadedRatio,
} from './tuning.ts';

/**
 * Fold one finished round into the next state. Total: every state answers every round.
 * @param interval - one round, latencies in ms, throughput per second
 * @param jitter - uniform in 0..1, used when many clients could return together
 * @returns the next state and limit, with a reason when something moved
 * Never throws: settings were checked at construction. Source: docs/paarc.md.
 */
export function step(
  settings: PaarcSettings,
  control: Control,
  state: PaarcState,
  interval: Interval,
  nowMs: number,
  jitter: number,
): Decision {
  if (isOverloaded(settings, control, state, interval))
    return cutForOverload(settings, control, state, interval, nowMs, jitter);
  const measured: Control = { ...control, reactionMs: reactionOf(control, interval) };
  switch (state.name) {
    case 'init':
      return endInit(settings, measured, interval, nowMs);
    case 'startup':
    case 'probe-bw':
      return steerRound(settings, measured, state, interval, nowMs);
    case 'probe-rtt':
      return endProbeRtt(settings, measured, state, interval, nowMs);
    case 'backoff':
      return backoffRound(measured, state, interval);
  }
}

/** A change shows in the median, but where few slow requests are behind many fast ones: there it shows in those. */
function reactionOf(control: Control, { p50Ms, p95Ms, meanMs }: Interval): number {
  return control.isMixed ? Math.max(p50Ms, Math.min(Math.max(p95Ms, mixedMeans * meanMs), mostMixedReactionMs)) : p50Ms;
}

/** The first samples are the baseline and the first point of STARTUP, unless too few URLs came to fill the limit. */
function endInit(settings: PaarcSettings, control: Control, interval: Interval, nowMs: number): Decision {
  const met: Control = {
    ...control,
    baseline: baselineFrom(interval.durations),
    meanMs: interval.meanMs,
    // In flight over throughput of a first wave that still drains is no mean.
    isMixed: interval.samples >= settings.nInit && looksMixed(interval),
  };
  const known: Control = { ...met, reactionMs: reactionOf(met, interval) };
  const startup = beginStartup(Number.POSITIVE_INFINITY);
  const { concurrency } = control;
  const isFilled = interval.saturation >= 0.5 && !interval.clientLimited;
  const next = isFilled ? grow(control.ceiling, concurrency, settings.startupGain, settings.cMax, nowMs) : undefined;
  if (next === undefined) return { control: known, state: startup, reason: 'baseline known' };
  // The fast ones of a mixture come first and say too much.
  if (known.isMixed) return { control: { ...known, ...next }, state: startup, reason: 'baseline known, growing' };
  // The first wave of answers came after one latency of nothing; Little's law bounds what the count of so few samples
  // claims.
  const counted = (1000 * interval.samples) / Math.max(1, interval.elapsedMs - interval.p50Ms);
  const throughputPerS = Math.min(counted, (1000 * concurrency) / interval.p50Ms);
  const knee: Point = { concurrency, throughputPerS, p50Ms: interval.p50Ms, ratio50: 1 };
  return { control: { ...known, ...next }, state: { ...startup, knee }, reason: 'baseline known, growing' };
}

/** BACKOFF moves with time, not with rounds; it only makes sure that a host that refused in INIT gets a baseline. */
function backoffRound(control: Control, state: BackoffState, interval: Interval): Decision {
  return { control: { ...control, baseline: control.baseline ?? baselineFrom(interval.durations) }, state };
}

function endProbeRtt(
  settings: PaarcSettings,
  control: Control,
  state: ProbeRttState,
  interval: Interval,
  nowMs: number,
): Decision {
  const ratio = interval.p50Ms / (control.baseline?.p50Ms ?? interval.p50Ms);
  const replace = control.baseline === undefined || ratio < replaceBelow || ratio > replaceAbove;
  return {
    control: {
      ...control,
      concurrency: state.savedConcurrency,
      baseline:
        replace || control.baseline === undefined
          ? baselineFrom(interval.durations)
          : foldIntoBaseline(control.baseline, interval.durations),
      probeRttAtMs: nowMs + settings.probeRttPeriodMs,
    },
    state: { name: 'probe-bw', search: state.search },
    reason: replace ? 'baseline replaced' : 'baseline refreshed',
  };
}

function follows(control: Control, { knee }: StartupState, { throughputPerS }: Interval): boolean {
  if (knee === undefined) return true;
  const growth = control.concurrency / knee.concurrency;
  return throughputPerS / knee.throughputPerS > 1 + followingShare * (growth - 1);
}

/**
 * Below this ratio of the median a mean far above it is that of a mixture: a queue of ours is not there, the limit has
 * not leapt just now, and a stall that has just begun would not have made the host faster.
 */
function unqueuedBelow(state: StartupState | ProbeBwState): number {
  if (state.name === 'startup') return state.knee === undefined ? 0 : unloadedRatio;
  return state.search.probe === undefined ? lowerWithMany : unloadedRatio;
}

/**
 * The two states that move the limit by what a round shows; neither learns from a round in which we were the
 * bottleneck.
 */
function steerRound(
  settings: PaarcSettings,
  control: Control,
  state: StartupState | ProbeBwState,
  interval: Interval,
  nowMs: number,
): Decision {
  const { baseline } = control;
  if (baseline === undefined) return { control, state: { name: 'init' }, reason: 'no baseline' };
  // While throughput still follows the limit, a busy side of ours is not the narrow place.
  if (interval.clientLimited && !(state.name === 'startup' && follows(control, state, interval)))
    return clientLimitedRound(settings, control, baseline.p50Ms, state, interval);
  if (interval.saturation < 0.5) return { control: lowerBaseline(control, interval), state };
  const freed = freeRound(control);
  if (freed.concurrency > control.concurrency) {
    return { control: { ...control, ...freed }, state, reason: 'our side is free again' };
  }
  const free: Control = { ...control, guard: freed.guard };
  const point: Point = {
    concurrency: control.concurrency,
    throughputPerS: interval.throughputPerS,
    p50Ms: interval.p50Ms,
    ratio50: control.isMixed ? interval.meanMs / control.meanMs : interval.p50Ms / baseline.p50Ms,
  };
  if (!control.isMixed && point.ratio50 < unqueuedBelow(state) && looksMixed(interval)) {
    // Once more, with rounds that are long enough for the slow ones: what grew until here has piled them up.
    const concurrency = Math.min(settings.cInit, control.concurrency);
    return {
      control: { ...control, concurrency, isMixed: true, meanMs: interval.meanMs },
      state: beginStartup(state.name === 'startup' ? state.untilConcurrency : Number.POSITIVE_INFINITY),
      reason: 'few slow answers among fast ones',
    };
  }
  if (state.name === 'startup') {
    // It has seen the host with little load.
    const seen: Control = { ...free, probeRttAtMs: nowMs + settings.probeRttPeriodMs };
    return startupRound(settings, seen, state, interval, point, nowMs);
  }
  return probeBwRound(settings, free, state, { interval, point, ratio95: interval.p95Ms / baseline.p95Ms, nowMs });
}
