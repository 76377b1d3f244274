/** BACKOFF: how it begins after a 429, and how it ends. */
import { foundCeiling, openCeiling } from './ceiling.ts';
import { type Accepted, ownShare } from './error-cause.ts';
import type { Interval } from './interval.ts';
import { cutForOverload } from './overload.ts';
import type { PaarcSettings } from './settings.ts';
import {
  type BackoffState,
  baseConcurrency,
  beginStartup,
  type Control,
  type Decision,
  newSearch,
  type PaarcState,
} from './state.ts';
import { deepPart, eagerWait, earlyShare, lingeringErrors, recoverStart, recoverTarget } from './tuning.ts';

/** A 429 is about the rate: the limit stays, and waits until the episode is over. */
export function waitForRate(
  settings: PaarcSettings,
  control: Control,
  state: PaarcState,
  untilMs: number,
  reason: string,
): Decision {
  const least = Math.min(settings.cInit, Math.max(1, Math.floor(control.ceiling.concurrency - 1)));
  return {
    control: { ...control, concurrency: Math.max(baseConcurrency(control, state), least) },
    state: { name: 'backoff', cause: 'rate', untilMs, repeats: 0 },
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
  const lingering = interval.overloads >= lingeringErrors && interval.overloads >= earlyShare * interval.results;
  if (lingering) return cutForOverload(settings, control, state, interval, nowMs, jitter);
  return resume(settings, control, 'cooldown over');
}

/** Errors came at less load as well: take the cuts back, and expect them from now on. */
export function acceptErrors(
  control: Control,
  suspicion: Accepted,
  reason = 'errors do not depend on our load',
): Decision {
  const concurrency = Math.max(control.concurrency, suspicion.concurrency);
  return {
    control: { ...control, concurrency, shownErrors: ownShare(suspicion), ceiling: openCeiling, recoverConcurrency: 0 },
    state: goOn(control, suspicion.wasGrowing),
    reason,
  };
}

/** Requests were refused whenever so many met others. */
export function capConnections(control: Control, connections: number, nowMs: number): Decision {
  const ceiling = foundCeiling(control.ceiling, connections + 1, nowMs);
  return {
    control: { ...control, concurrency: connections, ceiling, recoverConcurrency: 0 },
    state: goOn(control, false),
    reason: '429 means too many at once',
  };
}

function goOn(control: Control, isGrowing: boolean): PaarcState {
  if (control.baseline === undefined) return { name: 'init' };
  return isGrowing ? beginStartup(Number.POSITIVE_INFINITY) : probing(eagerWait);
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
  if (concurrency < deepPart * recoverConcurrency) {
    const start = Math.max(2 * concurrency, settings.cInit, recoverStart * recoverConcurrency);
    return {
      control: { ...control, concurrency: Math.min(settings.cMax, start) },
      state: beginStartup(recoverTarget * recoverConcurrency),
      reason,
    };
  }
  return { control, state: probing(eagerWait), reason };
}

function probing(wait: number): Decision['state'] {
  return { name: 'probe-bw', search: newSearch(wait) };
}
