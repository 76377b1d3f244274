/** Parameters of the original PAARC, for comparison. Names as in FLOW-DC, times in ms. */
export interface OriginalSettings {
  readonly cInit: number;
  readonly cMin: number;
  readonly cMax: number;
  readonly nInit: number;
  readonly startupTheta50: number;
  readonly startupTheta95: number;
  readonly startupAdditiveIncrease: number;
  readonly mu: number;
  readonly stableIntervalsRequired: number;
  readonly probeBwAdditiveIncrease: number;
  readonly probeRttPeriodMs: number;
  readonly probeRttMinSamples: number;
  readonly probeRttConcurrencyFactor: number;
  readonly beta: number;
  readonly cooldownRtpropMult: number;
  readonly cooldownFloorMs: number;
  readonly overloadCheckRtpropMult: number;
  readonly overloadCheckFloorMs: number;
  readonly underperformanceThreshold: number;
  readonly underperformanceIntervals: number;
  readonly revisionFactor: number;
  readonly theta50: number;
  readonly theta95: number;
  readonly alphaEma: number;
  readonly rtpropWindowMs: number;
}

/** FLOW-DC's notebook values, the code's own where the notebook is silent. Source: FLOW-DC. */
export const defaultOriginalSettings: OriginalSettings = Object.freeze({
  cInit: 8,
  cMin: 2,
  cMax: 2000,
  nInit: 100,
  startupTheta50: 3,
  startupTheta95: 4,
  startupAdditiveIncrease: 30,
  mu: 1,
  stableIntervalsRequired: 1,
  probeBwAdditiveIncrease: 10,
  probeRttPeriodMs: 30_000,
  probeRttMinSamples: 100,
  probeRttConcurrencyFactor: 0.5,
  beta: 0.7,
  cooldownRtpropMult: 5,
  cooldownFloorMs: 2000,
  overloadCheckRtpropMult: 10,
  overloadCheckFloorMs: 3000,
  underperformanceThreshold: 0.5,
  underperformanceIntervals: 5,
  revisionFactor: 0.99,
  theta50: 1.5,
  theta95: 2,
  alphaEma: 0.3,
  rtpropWindowMs: 35_000,
});
