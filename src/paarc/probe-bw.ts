/** Steady state: hold, probe for more, give back. */
import { baselineFrom, foldIntoBaseline, lowerBaseline } from './baseline.ts';
import { grow } from './ceiling.ts';
import { recentErrors, tryFewerErrors } from './error-trial.ts';
import { type Interval, nothingSeen } from './interval.ts';
import type { PaarcSettings } from './settings.ts';
import {
  type Control,
  type Decision,
  newSearch,
  type Point,
  type Probe,
  type ProbeBwState,
  type Search,
} from './state.ts';
import {
  costlyRatio,
  eagerWait,
  keptShare,
  maxFailures,
  maxSkippedProbeRtts,
  maxWait,
  recoverShare,
  stillRise,
  tailMedianRatio,
  tailSamples,
  tellingCut,
} from './tuning.ts';

/** What a round in PROBE_BW is judged by. */
export interface BwRound {
  readonly interval: Interval;
  readonly point: Point;
  readonly ratio95: number;
  readonly nowMs: number;
}

/**
 * PROBE_BW: stay where throughput is full and the queue short; leave only for a reason: a queue, a probe, a look at the
 * baseline. Source: BBR ProbeBW; Kleinrock's operating point (throughput over delay is largest where the queue begins).
 */
export function probeBwRound(settings: PaarcSettings, control: Control, state: ProbeBwState, round: BwRound): Decision {
  const { search } = state;
  const { point, interval, ratio95, nowMs } = round;
  if (nowMs >= control.probeRttAtMs && search.probe === undefined) {
    const due = probeRttDue(settings, control, search, point, nowMs);
    if (due.state.name === 'probe-rtt') return due;
    control = due.control;
  }
  const restored = notOurQueue(control, search, round);
  if (restored !== undefined) return restored;
  const degraded =
    point.ratio50 > settings.theta50 ||
    (interval.samples >= tailSamples && ratio95 > settings.theta95 && point.ratio50 > tailMedianRatio);
  const seen: Search = {
    ...search,
    quietRounds: search.quietRounds + 1,
    degradedRounds: degraded ? search.degradedRounds + 1 : 0,
  };
  const cut = cutForLatency(settings, control, seen, point);
  if (cut !== undefined) return cut;
  const settled: Search = degraded ? seen : { ...seen, cut: undefined };
  if (search.probe !== undefined) return judgeProbe(settings, control, settled, search.probe, degraded, round);
  const counted: Search = { ...settled, errors: recentErrors(settled.errors, interval) };
  return (
    tryFewerErrors(settings, control, counted, nowMs) ??
    startProbe(settings, lowerBaseline(control, interval), counted, point, degraded, nowMs)
  );
}

function probeRttDue(settings: PaarcSettings, control: Control, search: Search, point: Point, nowMs: number): Decision {
  const skips = control.skippedProbeRtts;
  const probeRttAtMs = nowMs + settings.probeRttPeriodMs;
  if (point.ratio50 <= settings.qGrow && skips < maxSkippedProbeRtts) {
    return { control: { ...control, probeRttAtMs, skippedProbeRtts: skips + 1 }, state: { name: 'probe-bw', search } };
  }
  const least = Math.min(settings.cMin, control.concurrency);
  const concurrency = Math.max(least, settings.probeRttFactor * control.concurrency);
  return {
    control: { ...control, concurrency, probeRttAtMs, skippedProbeRtts: 0 },
    state: { name: 'probe-rtt', savedConcurrency: control.concurrency, search: { ...search, quietRounds: 0 } },
    reason: 'look at the unloaded latency',
  };
}

/**
 * The limit was cut for latency, and that cost throughput, which a queue does not: the path got longer, or the latency
 * was taken for a queue by mistake. Undo the cut and believe the round.
 */
function notOurQueue(control: Control, search: Search, round: BwRound): Decision | undefined {
  const { cut } = search;
  if (cut === undefined || cut.concurrency < tellingCut * control.concurrency) return undefined;
  if (round.point.throughputPerS >= keptShare * cut.throughputPerS) return undefined;
  return {
    control: {
      ...control,
      concurrency: cut.concurrency,
      baseline: baselineFrom(round.interval.durations),
      meanMs: round.interval.meanMs,
    },
    state: { name: 'probe-bw', search: newSearch(search.wait) },
    reason: 'latency is not our queue',
  };
}

function cutForLatency(settings: PaarcSettings, control: Control, search: Search, point: Point): Decision | undefined {
  const { concurrency } = control;
  if (search.degradedRounds < 2 && point.ratio50 <= settings.startupTheta50) return undefined;
  const fitting = (settings.headroom * concurrency) / point.ratio50;
  const next = Math.min(0.95 * concurrency, Math.max(fitting, 0.25 * concurrency));
  const limited = Math.max(settings.cMin, next);
  if (limited >= concurrency) return undefined;
  const cut = search.cut ?? { concurrency, throughputPerS: point.throughputPerS };
  return {
    control: {
      ...control,
      concurrency: limited,
      recoverConcurrency: Math.max(control.recoverConcurrency, concurrency),
    },
    state: { name: 'probe-bw', search: { ...newSearch(eagerWait), failures: search.failures, cut } },
    reason: 'queue: latency',
  };
}

function judgeProbe(
  settings: PaarcSettings,
  control: Control,
  search: Search,
  from: Probe,
  degraded: boolean,
  round: BwRound,
): Decision {
  const { point, nowMs, interval } = round;
  const growth = point.concurrency / from.concurrency;
  const gain = point.throughputPerS / from.throughputPerS;
  // By Little's law growth / gain is how much the latency rose; its mean with the medians' own ratio is less noisy than
  // either.
  const medianRise = control.isMixed ? growth / gain : point.p50Ms / from.p50Ms;
  const latencyRise = Math.sqrt((growth / gain) * medianRise);
  const followed = latencyRise <= growth / (1 + 0.5 * (growth - 1));
  if (degraded || !followed) {
    // Less than before without a queue is no answer: the host stood still for a moment.
    const isStill = !degraded && gain < 1 && medianRise < stillRise && interval.overloads === 0;
    if (isStill && from.isSecondLook !== true)
      return { control, state: { name: 'probe-bw', search: { ...search, probe: { ...from, isSecondLook: true } } } };
    const failed: Search = {
      ...newSearch(Math.min(maxWait, 2 * search.wait)),
      failures: Math.min(maxFailures, search.failures + 1),
    };
    return {
      control: { ...control, concurrency: from.concurrency, recoverConcurrency: 0 },
      state: { name: 'probe-bw', search: failed },
      reason: 'probe failed',
    };
  }
  const unloaded = point.ratio50 > 0.9 && point.ratio50 < 1.2 && control.baseline !== undefined;
  const kept: Control = unloaded
    ? { ...control, baseline: control.baseline && foldIntoBaseline(control.baseline, interval.durations) }
    : lowerBaseline(control, interval);
  const recovered = point.concurrency >= 0.95 * kept.recoverConcurrency ? { ...kept, recoverConcurrency: 0 } : kept;
  const succeeded: Search = {
    ...search,
    probe: undefined,
    quietRounds: 0,
    failures: 0,
  };
  return (
    beginProbe(settings, recovered, succeeded, point, nowMs, 'probe kept, next probe') ?? {
      control: recovered,
      state: { name: 'probe-bw', search: succeeded },
      reason: 'probe kept',
    }
  );
}

function startProbe(
  settings: PaarcSettings,
  control: Control,
  search: Search,
  point: Point,
  degraded: boolean,
  nowMs: number,
): Decision {
  const free =
    point.ratio50 < settings.qGrow && search.quietRounds >= Math.min(search.wait, 2 << Math.min(2, search.failures));
  const due = free || (point.ratio50 < costlyRatio && search.quietRounds >= search.wait);
  const stay: Decision = { control, state: { name: 'probe-bw', search } };
  if (degraded || !due || search.trial !== undefined) return stay;
  return beginProbe(settings, control, search, point, nowMs, 'probe') ?? stay;
}

function beginProbe(
  settings: PaarcSettings,
  control: Control,
  search: Search,
  point: Point,
  nowMs: number,
  reason: string,
): Decision | undefined {
  const recovering = control.concurrency < recoverShare * control.recoverConcurrency;
  const gain = recovering ? settings.startupGain : settings.probeGain;
  const next = grow(control.ceiling, control.concurrency, gain, settings.cMax, nowMs);
  if (next === undefined) return undefined;
  return {
    control: { ...control, ...next },
    state: { name: 'probe-bw', search: { ...search, quietRounds: 0, errors: nothingSeen, probe: point } },
    reason,
  };
}
