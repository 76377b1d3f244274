/** Whether measures are within the bands of a scenario. */
import type { Measures } from './measure.ts';
import type { Scenario } from './scenario.ts';

/** A band that was missed: its name, what was measured, what was asked for. */
export interface Miss {
  readonly band: string;
  readonly measured: number;
  readonly asked: string;
}

/** Bands hold on the mean over the seeds with this slack: the hosts are random, and a band is not a border of taste. */
const goodputSlack = 0.015;
const rejectedSlackPct = 0.1;
const p95Slack = 0.05;
const secondsSlack = 0;

/** Compare the mean measures of a scenario with its bands. */
export function judge(scenario: Scenario, mean: Measures): Miss[] {
  const { bands } = scenario;
  const misses: Miss[] = [];
  const atLeast = (band: string, measured: number, least: number | undefined, slack: number): void => {
    if (least !== undefined && !(measured >= least - slack))
      misses.push({ band, measured, asked: `at least ${least}` });
  };
  const atMost = (band: string, measured: number, most: number | undefined, slack: number): void => {
    if (most !== undefined && !(measured <= most + slack)) misses.push({ band, measured, asked: `at most ${most}` });
  };
  atLeast('goodputAllMin', mean.goodputAll, bands.goodputAllMin, goodputSlack);
  atLeast('goodputAfter30Min', mean.goodputAfter30, bands.goodputAfter30Min, goodputSlack);
  atMost('rejectedAllMaxPct', mean.rejectedAllPct, bands.rejectedAllMaxPct, rejectedSlackPct);
  atMost('rejectedAfter30MaxPct', mean.rejectedAfter30Pct, bands.rejectedAfter30MaxPct, rejectedSlackPct);
  atMost('t90MaxS', mean.t90S, bands.t90MaxS, secondsSlack);
  atMost('p95TimesMax', mean.p95Times, bands.p95TimesMax, p95Slack);
  atMost('p95ToOracleMax', mean.p95ToOracle, bands.p95ToOracleMax, p95Slack);
  for (const [atS, most] of Object.entries(bands.recoveryMaxS ?? {})) {
    atMost(`recoveryMaxS.${atS}`, mean.recoveryS[atS] ?? Number.NaN, most, secondsSlack);
  }
  atMost('sends', mean.sendsPerS, bands.sends?.maxPerS, 0);
  atMost('permits', mean.maxPermits, bands.permits?.max, 0);
  atMost('sendsInPause', mean.sendsInPause, 0, 0);
  return misses;
}

/** One line of a results table. */
export function describeMeasures(name: string, mean: Measures): string {
  const recovery = Object.entries(mean.recoveryS)
    .map(([atS, seconds]) => `${atS}s:${seconds.toFixed(1)}`)
    .join(' ');
  return [
    name.padEnd(12),
    `goodput ${mean.goodputAll.toFixed(3)} / ${mean.goodputAfter30.toFixed(3)}`,
    `refused ${mean.rejectedAllPct.toFixed(2)} / ${mean.rejectedAfter30Pct.toFixed(2)} %`,
    `t90 ${mean.t90S.toFixed(1)} s`,
    `p95 ${mean.p95Times.toFixed(2)} x (oracle ${mean.oracleP95Times.toFixed(2)})`,
    recovery === '' ? '' : `recovery ${recovery}`,
  ]
    .join('  ')
    .trimEnd();
}
