import { foundCeiling } from './ceiling.ts';
import type { Interval } from './interval.ts';
import type { PaarcSettings } from './options.ts';
import { exceedsNoise } from './overload.ts';
import { type Control, type Decision, type ErrorCounts, newSearch, noErrors, type Search, steadyWait } from './state.ts';

/** So many errors make a share that two counts can be compared by: a tenth of that many is left by a cap, three quarters and more by chance. */
const tellingErrors = 12;
/** A smaller share is not worth a permit. Chosen: half of what a steady state may cost. */
const worthwhileShare = 0.0025;
/** Part of the expected errors that must be there for "our load did not cause them". */
const remainingShare = 0.5;
/** Older results count half, so that a host that changes after an hour is noticed within minutes. */
const rememberedResults = 16_384;

/**
 * A limit one permit above a connection cap is refused a request in fifty or in a hundred: too few for an overload, and they would stay
 * for good. Rounds at one limit are added up, and when they show errors nothing explains, the limit goes down by the part of the time
 * that was spent on them. It stays there if they end, and comes back if they do not: then the host makes them whatever our load.
 * @param search - of this round, with the counts of the rounds before
 * @returns a decision when the limit moves, else the search with this round counted
 */
export function tryFewerErrors(
  settings: PaarcSettings,
  control: Control,
  search: Search,
  interval: Interval,
  nowMs: number,
): Decision | Search {
  const errors = added(search.errors, interval);
  const { trial } = search;
  if (trial === undefined) {
    const telling = errors.overloads >= tellingErrors && errors.overloads >= worthwhileShare * errors.results;
    if (!telling || !exceedsNoise(control.shownErrors ?? 0, errors)) return { ...search, errors };
    const concurrency = Math.max(settings.cMin, control.concurrency - Math.max(1, Math.ceil(errors.ofTime * control.concurrency)));
    if (concurrency === control.concurrency) return { ...search, errors };
    const began = { concurrency: control.concurrency, share: errors.overloads / errors.results };
    return {
      control: { ...control, concurrency },
      state: { name: 'probe-bw', search: { ...newSearch(steadyWait), trial: began } },
      reason: 'few errors: test with a little less load',
    };
  }
  const expected = trial.share * errors.results;
  if (expected < tellingErrors) return { ...search, errors };
  if (errors.overloads < remainingShare * expected) {
    const { trial: _, ...rest } = search;
    return {
      control: { ...control, ceiling: foundCeiling(control.ceiling, trial.concurrency, nowMs) },
      state: { name: 'probe-bw', search: { ...rest, errors: noErrors } },
      reason: 'few errors went with the load',
    };
  }
  return {
    control: { ...control, concurrency: trial.concurrency, shownErrors: errors.overloads / errors.results },
    state: { name: 'probe-bw', search: newSearch(steadyWait) },
    reason: 'few errors do not depend on our load',
  };
}

function added(counts: ErrorCounts, interval: Interval): ErrorCounts {
  const { overloads, results } = interval;
  const ofTime = (counts.ofTime * counts.results + interval.overloadTimeShare * results) / Math.max(1, counts.results + results);
  const sum = { overloads: counts.overloads + overloads, results: counts.results + results, ofTime };
  if (sum.results <= rememberedResults) return sum;
  return { overloads: sum.overloads / 2, results: sum.results / 2, ofTime };
}
