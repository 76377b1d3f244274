/** When the host got faster than its baseline. */
import { baselineFrom } from './baseline.ts';
import type { Interval } from './interval.ts';
import type { Control } from './state.ts';

/** A round this far below the baseline replaces it; fewer samples must be further below. Chosen by scenario runs. */
const lowerWithMany = 0.9;
const manySamples = 50;
const lowerWithFew = 0.7;
const fewSamples = 20;

/** The host got faster than its baseline: it was cold, or the baseline was taken under load. */
export function lowerBaseline(control: Control, interval: Interval): Control {
  const { baseline } = control;
  if (baseline === undefined) return control;
  const ratio = interval.p50Ms / baseline.p50Ms;
  const lower =
    (ratio < lowerWithMany && interval.samples >= manySamples) ||
    (ratio < lowerWithFew && interval.samples >= fewSamples);
  return lower ? { ...control, baseline: baselineFrom(interval.durations) } : control;
}
