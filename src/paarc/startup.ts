/** Fast growth until the host shows a limit. */

import { foldIntoBaseline, lowerBaseline } from './baseline.ts';
import { grow } from './ceiling.ts';
import type { Interval } from './interval.ts';
import { foldMean } from './mixture.ts';
import type { PaarcSettings } from './settings.ts';
import { type Control, type Decision, newSearch, type Point, type StartupState } from './state.ts';
import { eagerWait, flatShare, followingShare, plateauRatio, unloadedRatio } from './tuning.ts';

/**
 * STARTUP: double the limit until the host shows a plateau, then keep what it can carry with headroom.
 * Source: BBR Startup; the plateau is read from latency against the host's own baseline and from throughput together.
 */
export function startupRound(
  settings: PaarcSettings,
  control: Control,
  state: StartupState,
  interval: Interval,
  point: Point,
  nowMs: number,
): Decision {
  const { knee: before } = state;
  const gain = before === undefined ? Number.POSITIVE_INFINITY : point.throughputPerS / before.throughputPerS;
  const growth = before === undefined ? 1 : point.concurrency / before.concurrency;
  const flatRounds = gain < 1 + flatShare * (growth - 1) ? state.flatRounds + 1 : 0;
  const knee = flatRounds === 0 ? point : (before ?? point);
  const reason = plateauReason(settings, control, point, flatRounds);
  if (reason !== undefined && control.isMixed) return leaveAtKnee(settings, control, point, knee, reason);
  if (reason !== undefined) return leaveStartup(settings, control, point, knee, flatRounds, reason);
  if (point.concurrency >= state.untilConcurrency)
    return toProbeBw(control, point.concurrency, 'returned to the limit of before');
  const isUnloaded = control.isMixed || point.ratio50 < unloadedRatio;
  const following = gain > 1 + followingShare * (growth - 1) && isUnloaded;
  const seen: Control = following
    ? {
        ...control,
        meanMs: foldMean(control.meanMs, interval.meanMs),
        baseline: withFast(control, interval),
      }
    : lowerBaseline(control, interval);
  const wanted = Math.min(settings.startupGain, state.untilConcurrency / point.concurrency);
  const next = grow(seen.ceiling, point.concurrency, wanted, settings.cMax, nowMs);
  if (next === undefined) return toProbeBw(seen, point.concurrency, 'no room below the known ceiling');
  return {
    control: { ...seen, ...next },
    state: { ...state, knee, flatRounds },
    reason: 'growing',
  };
}

/** The slow ones of a mixture, piled up, say nothing of how it answers: its mean does. */
function withFast({ baseline, isMixed }: Control, { durations }: Interval): Control['baseline'] {
  return baseline === undefined || isMixed ? baseline : foldIntoBaseline(baseline, durations);
}

function plateauReason(
  settings: PaarcSettings,
  control: Control,
  point: Point,
  flatRounds: number,
): string | undefined {
  if (flatRounds >= 2) return 'plateau: throughput';
  if (point.concurrency >= settings.cMax) return 'largest limit reached';
  if (control.isMixed) return undefined;
  if (point.ratio50 > settings.startupTheta50) return 'plateau: median latency';
  if (flatRounds >= 1 && point.ratio50 > plateauRatio) return 'plateau: throughput and latency';
  return undefined;
}

/** Where neither median nor tail tells of a queue: back to where throughput followed last, as much as it grew since. */
function leaveAtKnee(settings: PaarcSettings, control: Control, point: Point, knee: Point, reason: string): Decision {
  const { headroom, mu, cMin, cMax } = settings;
  const grown = Math.max(1, point.throughputPerS / knee.throughputPerS);
  const concurrency = mu * Math.min(point.concurrency, headroom * knee.concurrency * grown);
  const meanMs = (1000 * knee.concurrency) / knee.throughputPerS;
  return toProbeBw({ ...control, meanMs }, Math.min(cMax, Math.max(cMin, concurrency)), reason);
}

function leaveStartup(
  settings: PaarcSettings,
  control: Control,
  point: Point,
  knee: Point,
  flatRounds: number,
  reason: string,
): Decision {
  const { headroom, mu, cMin, cMax } = settings;
  const fromHere = (headroom * point.concurrency) / point.ratio50;
  const fromBefore = flatRounds > 0 ? (headroom * knee.concurrency) / Math.max(1, knee.ratio50) : 0;
  const concurrency = mu * Math.min(point.concurrency, Math.max(fromHere, fromBefore));
  return toProbeBw(control, Math.min(cMax, Math.max(cMin, concurrency)), reason);
}

function toProbeBw(control: Control, concurrency: number, reason: string): Decision {
  return { control: { ...control, concurrency }, state: { name: 'probe-bw', search: newSearch(eagerWait) }, reason };
}
