/** Rounds in which our own side is the bottleneck: they move nothing upwards and teach nothing about the host. */
import type { Interval } from './interval.ts';
import type { PaarcSettings } from './settings.ts';
import {
  type ClientGuard,
  type Control,
  type Decision,
  newSearch,
  type ProbeBwState,
  type StartupState,
  steadyWait,
} from './state.ts';

/** Limited again within this time after a return means that the return was too early. */
const relapseMs = 6000;
const maxNeededRounds = 32;
/** Rounds of STARTUP in which our own side may be the bottleneck before it counts. Chosen by scenario runs. */
const patientRounds = 4;

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
  nowMs: number,
): Decision {
  // A queue cut just before we noticed that we are slow ourselves was our own doing: what comes back is the limit
  // before it.
  const beforeCut = state.name === 'probe-bw' ? (state.search.cut?.concurrency ?? 0) : 0;
  const guarded = comeDown(settings, control, baselineMs, beforeCut, interval.throughputPerS, nowMs);
  const next: Control = { ...control, ...guarded };
  const reason = 'our side is the narrow place';
  const moved = guarded.concurrency !== control.concurrency;
  if (state.name === 'startup') {
    const limitedRounds = state.limitedRounds + 1;
    // Our load is the mean of a second, and the first one is full of our own start: wait for a look at the present.
    if (!moved && limitedRounds <= patientRounds) return { control: next, state: { ...state, limitedRounds } };
    return { control: next, state: { name: 'probe-bw', search: newSearch(steadyWait) }, reason };
  }
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
  nowMs: number,
): Guarded {
  const reachedPerS = Math.max(throughputPerS, 0.95 * guard.reachedPerS);
  const usable = (settings.headroom * reachedPerS * baselineMs) / 1000;
  const target = Math.max(settings.cMin, 0.7 * concurrency, usable);
  const relapsed = nowMs - guard.restoredAtMs < relapseMs;
  const next: ClientGuard = {
    ...guard,
    reachedPerS,
    freeRounds: 0,
    neededRounds: relapsed ? Math.min(maxNeededRounds, 2 * guard.neededRounds) : guard.neededRounds,
    restoredAtMs: relapsed ? Number.NEGATIVE_INFINITY : guard.restoredAtMs,
  };
  if (target >= 0.9 * concurrency) return { guard: next, concurrency };
  return {
    guard: { ...next, savedConcurrency: Math.max(guard.savedConcurrency, concurrency, beforeCut) },
    concurrency: target,
  };
}

/** A round in which we were free and used our permits: after enough of them the limit of before comes back. */
export function freeRound({ guard, concurrency }: Control, nowMs: number): Guarded {
  if (guard.savedConcurrency === 0) return { guard, concurrency };
  const freeRounds = guard.freeRounds + 1;
  if (freeRounds < guard.neededRounds) return { guard: { ...guard, freeRounds }, concurrency };
  return {
    guard: { ...guard, savedConcurrency: 0, freeRounds: 0, reachedPerS: 0, restoredAtMs: nowMs },
    concurrency: Math.max(concurrency, guard.savedConcurrency),
  };
}
