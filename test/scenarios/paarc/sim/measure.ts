/** A run's measures against those of the oracle. */
import { type Recorder, sumSeconds } from './recorder.ts';
import type { Scenario } from './scenario.ts';

/** How one run compares with the oracle's run on the same host and seed. */
export interface Measures {
  readonly goodputAll: number;
  readonly goodputAfter30: number;
  readonly rejectedAllPct: number;
  readonly rejectedAfter30Pct: number;
  /** First second with a trailing mean of at least 0.9 of the oracle's; the duration when never. */
  readonly t90S: number;
  /** p95 after 30 s in units of the nearly idle host's. */
  readonly p95Times: number;
  readonly oracleP95Times: number;
  readonly p95ToOracle: number;
  /**
   * From a step to the beginning of the last of the first three seconds that are good together (goodput, refusals,
   * p95).
   */
  readonly recoveryS: Readonly<Record<string, number>>;
  readonly sendsPerS: number;
  readonly maxPermits: number;
  readonly sendsInPause: number;
}

/** Compare a run with the oracle's and the nearly idle one. */
export function measure(scenario: Scenario, run: Recorder, oracle: Recorder, nearlyIdle: Recorder): Measures {
  const endS = scenario.durationS;
  const baseP95 = nearlyIdle.p95Ms(30, endS) ?? Number.NaN;
  const p95 = run.p95Ms(30, endS) ?? Number.POSITIVE_INFINITY;
  const oracleP95 = oracle.p95Ms(30, endS) ?? Number.NaN;
  const recoveryS: Record<string, number> = {};
  for (const atS of Object.keys(scenario.bands.recoveryMaxS ?? {})) {
    recoveryS[atS] = recoverySeconds(scenario, Number(atS), run, oracle, baseP95);
  }
  const { sends, permits } = scenario.bands;
  return {
    goodputAll: sumSeconds(run.okPerS, 0, endS) / sumSeconds(oracle.okPerS, 0, endS),
    goodputAfter30: sumSeconds(run.okPerS, 30, endS) / sumSeconds(oracle.okPerS, 30, endS),
    rejectedAllPct: (100 * sumSeconds(run.rejectedPerS, 0, endS)) / sumSeconds(run.endedPerS, 0, endS),
    rejectedAfter30Pct:
      (100 * sumSeconds(run.rejectedPerS, 30, endS)) / Math.max(1, sumSeconds(run.endedPerS, 30, endS)),
    t90S: secondsTo90(scenario, run, oracle),
    p95Times: p95 / baseP95,
    oracleP95Times: oracleP95 / baseP95,
    p95ToOracle: p95 / oracleP95,
    recoveryS,
    sendsPerS: sends === undefined ? 0 : sumSeconds(run.sentPerS, sends.fromS, sends.toS) / (sends.toS - sends.fromS),
    maxPermits: permits === undefined ? 0 : Math.max(...run.permitsPerS.slice(0, permits.untilS)),
    sendsInPause: run.sendsInPause,
  };
}

/** First second with a trailing mean of at least 0.9 of the oracle's; the duration when never. */
export function secondsTo90(scenario: Scenario, run: Recorder, oracle: Recorder): number {
  const capacity = sumSeconds(oracle.okPerS, 0, scenario.durationS) / scenario.durationS;
  const widthS = capacity < 15 ? 10 : 3;
  for (let endS = widthS; endS <= scenario.durationS; endS++) {
    if (sumSeconds(run.okPerS, endS - widthS, endS) >= 0.9 * sumSeconds(oracle.okPerS, endS - widthS, endS))
      return endS;
  }
  return scenario.durationS;
}

function recoverySeconds(scenario: Scenario, stepS: number, run: Recorder, oracle: Recorder, baseP95: number): number {
  for (let endS = stepS + 3; endS <= scenario.durationS; endS++) {
    const startS = endS - 3;
    const enough = sumSeconds(run.okPerS, startS, endS) >= 0.9 * sumSeconds(oracle.okPerS, startS, endS);
    const polite = sumSeconds(run.rejectedPerS, startS, endS) <= 0.05 * sumSeconds(run.endedPerS, startS, endS);
    const shallow = (run.p95Ms(startS, endS) ?? Number.POSITIVE_INFINITY) <= 3 * baseP95;
    if (enough && polite && shallow) return endS - 1 - stepS;
  }
  return scenario.durationS - stepS;
}

/** The mean of the measures over several seeds. */
export function meanOf(all: readonly Measures[]): Measures {
  const mean = (pick: (one: Measures) => number): number => all.reduce((sum, one) => sum + pick(one), 0) / all.length;
  const recoveryS: Record<string, number> = {};
  for (const key of Object.keys(all[0]?.recoveryS ?? {})) recoveryS[key] = mean((one) => one.recoveryS[key] ?? 0);
  return {
    goodputAll: mean((one) => one.goodputAll),
    goodputAfter30: mean((one) => one.goodputAfter30),
    rejectedAllPct: mean((one) => one.rejectedAllPct),
    rejectedAfter30Pct: mean((one) => one.rejectedAfter30Pct),
    t90S: mean((one) => one.t90S),
    p95Times: mean((one) => one.p95Times),
    oracleP95Times: mean((one) => one.oracleP95Times),
    p95ToOracle: mean((one) => one.p95ToOracle),
    recoveryS,
    sendsPerS: mean((one) => one.sendsPerS),
    maxPermits: Math.max(...all.map((one) => one.maxPermits)),
    sendsInPause: all.reduce((sum, one) => sum + one.sendsInPause, 0),
  };
}
