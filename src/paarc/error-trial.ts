/** Tests with a little less load whether a few errors are our doing. */
import { foundCeiling } from './ceiling.ts';
import { type ErrorCounts, type Interval, nothingSeen, withRound } from './interval.ts';
import { exceedsNoise } from './overload.ts';
import type { PaarcSettings } from './settings.ts';
import { type Control, type Decision, type ErrorTrial, newSearch, type Search } from './state.ts';
import { remainingShare, rememberedResults, steadyWait, tellingErrors, worthwhileShare } from './tuning.ts';

/** The errors at one limit with one more round, the newest of them weighing most. */
export function recentErrors(errors: ErrorCounts, interval: Interval): ErrorCounts {
  const { overloads, results, ofTime } = withRound(errors, interval);
  if (results <= rememberedResults) return { overloads, results, ofTime };
  return { overloads: overloads / 2, results: results / 2, ofTime };
}

/**
 * A limit one permit above a connection cap is refused a request in fifty or in a hundred: too few for an overload, and
 * they would stay for good. When the rounds at one limit show errors nothing explains, the limit goes down by the part
 * of the time that was spent on them. It stays there if they end, and comes back if they do not: then the host makes
 * them whatever our load.
 * @param search - with this round's errors counted
 * @returns undefined while there is nothing to decide
 */
export function tryFewerErrors(
  settings: PaarcSettings,
  control: Control,
  search: Search,
  nowMs: number,
): Decision | undefined {
  if (search.trial === undefined) return beginTrial(settings, control, search.errors);
  return endTrial(control, search, search.trial, nowMs);
}

function beginTrial(settings: PaarcSettings, control: Control, errors: ErrorCounts): Decision | undefined {
  const isTelling = errors.overloads >= tellingErrors && errors.overloads >= worthwhileShare * errors.results;
  if (!isTelling || !exceedsNoise(control.shownErrors ?? 0, errors)) return undefined;
  const before = control.concurrency;
  const concurrency = Math.max(
    Math.min(before, settings.cMin),
    before - Math.max(1, Math.ceil(errors.ofTime * before)),
  );
  if (concurrency === before) return undefined;
  const trial: ErrorTrial = { concurrency: before, share: errors.overloads / errors.results };
  return {
    control: { ...control, concurrency },
    state: { name: 'probe-bw', search: { ...newSearch(steadyWait), trial } },
    reason: 'few errors: test with a little less load',
  };
}

function endTrial(control: Control, search: Search, trial: ErrorTrial, nowMs: number): Decision | undefined {
  const { errors } = search;
  const expected = trial.share * errors.results;
  if (expected < tellingErrors) return undefined;
  if (errors.overloads < remainingShare * expected) {
    return {
      control: { ...control, ceiling: foundCeiling(control.ceiling, trial.concurrency, nowMs) },
      state: { name: 'probe-bw', search: { ...search, trial: undefined, errors: nothingSeen } },
      reason: 'few errors went with the load',
    };
  }
  return {
    control: { ...control, concurrency: trial.concurrency, shownErrors: errors.overloads / errors.results },
    state: { name: 'probe-bw', search: newSearch(steadyWait) },
    reason: 'few errors do not depend on our load',
  };
}
