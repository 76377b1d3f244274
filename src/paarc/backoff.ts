/** BACKOFF: how it begins after a 429, and how it ends. */
import { openCeiling } from './ceiling.ts';
import { type ErrorCounts, type Interval, nothingSeen, withRound } from './interval.ts';
import { cutForOverload, isUnusual } from './overload.ts';
import type { PaarcSettings } from './settings.ts';
import {
  type BackoffState,
  baseConcurrency,
  beginStartup,
  type Control,
  type Decision,
  eagerWait,
  newSearch,
  type PaarcState,
  steadyWait,
} from './state.ts';

/** At the end of a cooldown so many errors, and this share, are reason to cut again. Chosen by scenario runs. */
const lingeringErrors = 2;
const lingeringShare = 0.05;
/**
 * Part of the earlier share of errors that must remain for "our load did not cause them": of a noisy first look, of an
 * experiment.
 */
const remainingOfLook = 0.25;
const remainingOfTolerance = 0.25;
const remainingOfExperiment = 0.5;
/** More errors than this are never taken for chance. Chosen. */
const mostBackground = 0.4;
/** After an experiment that has shown our load to be the cause: a little below where it began. */
const belowExperiment = 0.98;
/** A cut below this part of the limit of before is recovered by STARTUP, a smaller one by probes. */
const deepCut = 2;
const recoverTarget = 0.95;

/** A 429 is about the rate: the limit stays, and waits until the episode is over. */
export function waitForRate(
  settings: PaarcSettings,
  control: Control,
  state: PaarcState,
  untilMs: number,
  reason: string,
): Decision {
  return {
    control: { ...control, concurrency: Math.max(baseConcurrency(control, state), settings.cInit) },
    state: { name: 'backoff', cause: 'rate', untilMs, seen: nothingSeen, repeats: 0 },
    reason,
  };
}

/** The cooldown is over: cut again, find out whether our load is to blame, return quickly, or go on from here. */
export function endBackoff(
  settings: PaarcSettings,
  control: Control,
  state: BackoffState,
  interval: Interval,
  nowMs: number,
  jitter: number,
): Decision {
  if (state.cause === 'rate') return resume(settings, control, 'quiet after 429');
  const counts = withRound(state.seen, interval);
  if (doErrorsRemain(settings, control, state, counts)) {
    const share = counts.overloads / counts.results;
    const tested = Math.max(settings.cMin, settings.beta * control.concurrency);
    const proven = state.experimentFrom !== undefined || control.concurrency <= tested;
    return proven ? acceptErrors(control, share) : experiment(settings, control, share, tested, nowMs, jitter);
  }
  if (state.experimentFrom !== undefined) {
    const concurrency = Math.max(control.concurrency, belowExperiment * state.experimentFrom);
    return { control: { ...control, concurrency }, state: probing(steadyWait), reason: 'errors went with the load' };
  }
  const lingering = interval.overloads >= lingeringErrors && interval.overloads >= lingeringShare * interval.results;
  if (lingering) return cutForOverload(settings, control, state, interval, nowMs, jitter);
  return resume(settings, control, 'cooldown over');
}

function doErrorsRemain(settings: PaarcSettings, control: Control, state: BackoffState, counts: ErrorCounts): boolean {
  if (state.before === undefined || control.baseline === undefined) return false;
  const share = counts.overloads / Math.max(1, counts.results);
  if (!isUnusual(settings, control, counts) || counts.results < settings.nMin || share > mostBackground) return false;
  if (state.experimentFrom !== undefined) return share >= remainingOfExperiment * state.before.ofResults;
  // The look that caused the cut was chosen for its errors, so the share it showed is too high to be compared with.
  return share >= Math.min(remainingOfLook * state.before.ofResults, remainingOfTolerance * settings.errTolerance);
}

/** Errors remained after a small cut, which proves nothing: look once at what a deep one does to them. */
function experiment(
  settings: PaarcSettings,
  control: Control,
  share: number,
  tested: number,
  nowMs: number,
  jitter: number,
): Decision {
  return {
    control: { ...control, concurrency: tested },
    state: {
      name: 'backoff',
      cause: 'overload',
      untilMs: nowMs + settings.cooldownFloorMs * (1 + jitter / 4),
      before: { ofResults: share, ofTime: share },
      seen: nothingSeen,
      repeats: 0,
      experimentFrom: control.concurrency,
    },
    reason: 'errors remain: test with less load',
  };
}

/** They remained after a deep cut as well: take the cut back, and expect these errors from now on. */
function acceptErrors(control: Control, share: number): Decision {
  return {
    control: {
      ...control,
      concurrency: Math.max(control.concurrency, control.recoverConcurrency),
      shownErrors: share,
      ceiling: openCeiling,
      recoverConcurrency: 0,
    },
    state: probing(eagerWait),
    reason: 'errors do not depend on our load',
  };
}

/** The host answers again after an outage. */
export function endOutage(settings: PaarcSettings, control: Control): Decision {
  return resume(settings, control, 'outage over');
}

function resume(settings: PaarcSettings, control: Control, reason: string): Decision {
  if (control.baseline === undefined) {
    return { control: { ...control, recoverConcurrency: 0 }, state: { name: 'init' }, reason };
  }
  const { concurrency } = control;
  // Where the host refused just now is no place to return to in one leap.
  const recoverConcurrency = Math.min(control.recoverConcurrency, control.ceiling.concurrency);
  if (recoverConcurrency > deepCut * concurrency) {
    return {
      control: { ...control, concurrency: Math.min(settings.cMax, Math.max(2 * concurrency, settings.cInit)) },
      state: beginStartup(recoverTarget * recoverConcurrency),
      reason,
    };
  }
  return { control, state: probing(eagerWait), reason };
}

function probing(wait: number): Decision['state'] {
  return { name: 'probe-bw', search: newSearch(wait) };
}
