/** Rounds in which our own side is the bottleneck: they move nothing upwards and teach nothing about the host. */
import type { Interval } from './interval.ts';
import type { PaarcSettings } from './settings.ts';
import {
  type ClientGuard,
  type Control,
  type Decision,
  newSearch,
  openGuard,
  type ProbeBwState,
  type StartupState,
} from './state.ts';
import { steadyWait } from './tuning.ts';

/** The guard and the limit after a round. */
interface Guarded {
  readonly guard: ClientGuard;
  readonly concurrency: number;
}

/** A round in which we were the bottleneck. @param baselineMs - the host's unloaded median */
export function clientLimitedRound(
  settings: PaarcSettings,
  control: Control,
  baselineMs: number,
  state: StartupState | ProbeBwState,
  interval: Interval,
): Decision {
  // A queue cut just before we noticed that we are slow ourselves was our own doing: what comes back is the limit
  // before it.
  const beforeCut = state.name === 'probe-bw' ? (state.search.cut?.concurrency ?? 0) : 0;
  const guarded = comeDown(settings, control, baselineMs, beforeCut, interval.throughputPerS);
  const next: Control = { ...control, ...guarded };
  const reason = 'our side is the narrow place';
  const moved = guarded.concurrency !== control.concurrency;
  if (state.name === 'startup')
    return { control: next, state: { name: 'probe-bw', search: newSearch(steadyWait) }, reason };
  // A probe judged by a round that we limited ourselves would be judged wrongly.
  const quiet: ProbeBwState = { name: 'probe-bw', search: { ...state.search, probe: undefined } };
  return { control: next, state: quiet, reason: moved ? reason : undefined };
}

/** Down to the limit that carries what we reach ourselves, with headroom. */
function comeDown(
  settings: PaarcSettings,
  { guard, concurrency }: Control,
  baselineMs: number,
  beforeCut: number,
  throughputPerS: number,
): Guarded {
  const reachedPerS = Math.max(throughputPerS, 0.95 * guard.reachedPerS);
  const usable = (settings.headroom * reachedPerS * baselineMs) / 1000;
  const target = Math.max(settings.cMin, 0.7 * concurrency, usable);
  const next: ClientGuard = { ...guard, reachedPerS };
  if (target >= 0.9 * concurrency) return { guard: next, concurrency };
  return {
    guard: { ...next, savedConcurrency: Math.max(guard.savedConcurrency, concurrency, beforeCut) },
    concurrency: target,
  };
}

/** A round in which we were free and used our permits: the limit of before comes back. */
export function freeRound({ guard, concurrency }: Control): Guarded {
  if (guard.savedConcurrency === 0) return { guard, concurrency };
  return { guard: openGuard, concurrency: Math.max(concurrency, guard.savedConcurrency) };
}
