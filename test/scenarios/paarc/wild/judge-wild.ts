/** What a law made of a host, and whether that is what is asked of it there. */
import { secondsTo90 } from '../sim/measure.ts';
import type { Recorder } from '../sim/recorder.ts';
import { sumSeconds } from '../sim/recorder.ts';
import { type LimitFactory, runOracle, runScenario } from '../sim/run-scenario.ts';
import type { WildHost } from './draw.ts';

/** How a run compares with the oracle's on the same host. */
export interface WildMeasures {
  readonly goodput: number;
  readonly refusedPct: number;
  /** After the last step; 0 without one. */
  readonly recoveryS: number;
  /** First second with a trailing mean of at least 0.9 of the oracle's; the duration when never. */
  readonly t90S: number;
  /** Most refusals in a minute without anything else, but for the second in which it began. */
  readonly wasted: number;
}

export function measureWild(
  host: WildHost,
  seed: number,
  createLimit: LimitFactory,
  oracle = runOracle(host.scenario, seed),
): WildMeasures {
  return measureRun(host, runScenario(host.scenario, seed, createLimit), oracle);
}

/** The same of a run that was made some other way. */
export function measureRun(host: WildHost, run: Recorder, oracle: Recorder): WildMeasures {
  const endS = host.scenario.durationS;
  const refusedFromS = host.refusedFromS ?? host.fromS;
  const share = (of: Recorder): number =>
    (100 * sumSeconds(of.rejectedPerS, refusedFromS, endS)) / Math.max(1, sumSeconds(of.endedPerS, refusedFromS, endS));
  return {
    goodput: sumSeconds(run.okPerS, host.fromS, endS) / sumSeconds(oracle.okPerS, host.fromS, endS),
    refusedPct: share(run) - share(oracle),
    t90S: secondsTo90(host.scenario, run, oracle),
    recoveryS: host.recoversWithinS === undefined ? 0 : recoverySeconds(host, run, oracle),
    wasted: host.wastedMost === undefined ? 0 : mostWasted(run, endS),
  };
}

function recoverySeconds({ scenario }: WildHost, run: Recorder, oracle: Recorder): number {
  const fromS = Math.ceil(scenario.steps.at(-1)?.atS ?? 0);
  for (let endS = fromS + 3; endS <= scenario.durationS; endS++) {
    if (sumSeconds(run.okPerS, endS - 3, endS) >= 0.9 * sumSeconds(oracle.okPerS, endS - 3, endS))
      return endS - 1 - fromS;
  }
  return scenario.durationS - fromS;
}

/** What was in flight when a ban began is not counted: nobody could know. */
function mostWasted(run: Recorder, durationS: number): number {
  let most = 0;
  let sinceS = -1;
  for (let second = 0; second < durationS; second++) {
    if ((run.okPerS[second] ?? 0) > 0) sinceS = -1;
    else if (sinceS < 0 && (run.rejectedPerS[second] ?? 0) > 0) sinceS = second;
    if (sinceS >= 0) most = Math.max(most, sumSeconds(run.rejectedPerS, Math.max(sinceS + 1, second - 59), second + 1));
  }
  return most;
}

/** What is missed, in words. */
export function missesOf(host: WildHost, { goodput, refusedPct, recoveryS, wasted }: WildMeasures): string[] {
  const misses: string[] = [];
  if (!(goodput >= host.least)) misses.push(`goodput ${goodput.toFixed(3)}, asked ${host.least}`);
  if (!(refusedPct <= host.refusedMostPct))
    misses.push(`refused ${refusedPct.toFixed(2)} %, at most ${host.refusedMostPct}`);
  if (host.recoversWithinS !== undefined && recoveryS > host.recoversWithinS)
    misses.push(`recovered after ${recoveryS} s, asked ${host.recoversWithinS}`);
  if (host.wastedMost !== undefined && wasted > host.wastedMost)
    misses.push(`${wasted} wasted in a minute, at most ${host.wastedMost}`);
  return misses;
}
