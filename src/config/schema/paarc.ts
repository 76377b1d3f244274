/** Parameters of the controllers that FLOW-DC has too, with the defaults of its notebook. Others: paarc-new.ts. */
import type { FlowDcEffect, Keys } from './key.ts';

/** Tuned in FLOW-DC around a latency up to the LAST byte, against a p10 baseline: wrong for the controller here. */
const SET_ASIDE: FlowDcEffect = {
  effect: 'replaced',
  why:
    "PAARC compares with a host's own unloaded p50 and p95 here, so values tuned in FLOW-DC mislead it; " +
    '--keep-thetas or law original uses them',
  usedWith: 'keep_thetas',
};
const STEPS: FlowDcEffect = {
  effect: 'replaced',
  why: 'PAARC multiplies its steps here instead of adding; law original uses the key',
  usedWith: 'original',
};
const ORIGINAL_ONLY: FlowDcEffect = {
  effect: 'replaced',
  why: 'the last 200 service times of a host are the baseline here; law original uses the key',
  usedWith: 'original',
};
const USED: FlowDcEffect = { effect: 'used' };

/** Parameters that PAARC and the original controller share. */
export const SHARED_KEYS = {
  C_init: {
    type: 'integer',
    minimum: 1,
    default: 8,
    description: 'Requests in flight per host before anything is known about it; never above C_max.',
    fdc: { slice: 'paarc', option: 'cInit', value: 'N', group: 'paarc', flowDc: USED },
  },
  C_min: {
    type: 'integer',
    minimum: 1,
    default: 2,
    description: 'Least requests in flight per host; never above C_max.',
    fdc: { slice: 'paarc', option: 'cMin', value: 'N', group: 'paarc', flowDc: USED },
  },
  C_max: {
    type: 'integer',
    minimum: 1,
    maximum: 100_000,
    default: 2000,
    description: 'Most requests in flight per host.',
    fdc: { slice: 'paarc', option: 'cMax', value: 'N', group: 'paarc', common: true, flowDc: USED },
  },
  mu: {
    type: 'number',
    exclusiveMinimum: 0,
    maximum: 1,
    default: 1,
    description: 'Share of the ceiling found at startup that is used.',
    fdc: { slice: 'paarc', option: 'mu', value: 'N', group: 'paarc', flowDc: USED },
  },
  beta: {
    type: 'number',
    exclusiveMinimum: 0,
    exclusiveMaximum: 1,
    default: 0.7,
    description: 'Largest single cut: what is left of the concurrency after an overload.',
    fdc: { slice: 'paarc', option: 'beta', value: 'N', group: 'paarc', flowDc: USED },
  },
  theta_50: {
    type: 'number',
    exclusiveMinimum: 1,
    default: 1.5,
    description: "Median latency, as a multiple of the host's unloaded one, that counts as a queue.",
    fdc: { slice: 'paarc', option: 'theta50', value: 'N', group: 'paarc', flowDc: SET_ASIDE },
  },
  theta_95: {
    type: 'number',
    exclusiveMinimum: 1,
    default: 2,
    description: '95th percentile of latency, as a multiple of the unloaded one, that counts as a queue.',
    fdc: { slice: 'paarc', option: 'theta95', value: 'N', group: 'paarc', flowDc: SET_ASIDE },
  },
  startup_theta_50: {
    type: 'number',
    exclusiveMinimum: 1,
    default: 3,
    description: 'As theta_50, ending the fast growth of startup.',
    fdc: { slice: 'paarc', option: 'startupTheta50', value: 'N', group: 'paarc', flowDc: SET_ASIDE },
  },
  startup_theta_95: {
    type: 'number',
    exclusiveMinimum: 1,
    default: 4,
    description: 'As theta_95, ending the fast growth of startup under law original.',
    fdc: { slice: 'paarc', option: 'startupTheta95', value: 'N', group: 'paarc', flowDc: SET_ASIDE },
  },
  probe_rtt_period: {
    type: 'number',
    exclusiveMinimum: 0,
    maximum: 86_400,
    default: 30,
    description: 'Time between two looks at the unloaded latency.',
    fdc: {
      slice: 'paarc',
      option: 'probeRttPeriodMs',
      scale: 1000,
      unit: 's',
      value: 'SECONDS',
      group: 'paarc',
      flowDc: USED,
    },
  },
  cooldown_floor: {
    type: 'number',
    minimum: 0,
    maximum: 3600,
    default: 2,
    description: 'Least time at the cut concurrency after an overload.',
    fdc: {
      slice: 'paarc',
      option: 'cooldownFloorMs',
      scale: 1000,
      unit: 's',
      value: 'SECONDS',
      group: 'paarc',
      flowDc: USED,
    },
  },
} as const satisfies Keys;

/** Parameters that only the original controller has. */
export const ORIGINAL_KEYS = {
  rtprop_window: {
    type: 'number',
    exclusiveMinimum: 0,
    maximum: 86_400,
    default: 35,
    description: 'Law original: how long a least latency is remembered.',
    fdc: {
      slice: 'paarc',
      option: 'rtpropWindowMs',
      scale: 1000,
      unit: 's',
      value: 'SECONDS',
      group: 'paarc',
      flowDc: ORIGINAL_ONLY,
    },
  },
  alpha_ema: {
    type: 'number',
    exclusiveMinimum: 0,
    maximum: 1,
    default: 0.3,
    description: 'Law original: weight of the newest interval in the smoothed latencies.',
    fdc: { slice: 'paarc', option: 'alphaEma', value: 'N', group: 'paarc', flowDc: ORIGINAL_ONLY },
  },
  startup_additive_increase: {
    type: 'integer',
    minimum: 1,
    default: 30,
    description: 'Law original: requests added per interval of startup.',
    fdc: { slice: 'paarc', option: 'startupAdditiveIncrease', value: 'N', group: 'paarc', flowDc: STEPS },
  },
  probe_bw_additive_increase: {
    type: 'integer',
    minimum: 1,
    default: 10,
    description: 'Law original: requests added per good interval after startup.',
    fdc: { slice: 'paarc', option: 'probeBwAdditiveIncrease', value: 'N', group: 'paarc', flowDc: STEPS },
  },
  efficiency_threshold: {
    type: 'number',
    exclusiveMinimum: 0,
    default: 0.5,
    description: 'Law original, its unused derivative mode: gain in goodput below which startup ends.',
    fdc: {
      slice: 'paarc',
      value: 'N',
      group: 'paarc',
      flowDc: { effect: 'no-effect', why: "FLOW-DC's latency mode, the one it runs, does not read it" },
    },
  },
  efficiency_window: {
    type: 'integer',
    minimum: 1,
    default: 5,
    description: 'Law original, its unused derivative mode: intervals looked at.',
    fdc: {
      slice: 'paarc',
      value: 'N',
      group: 'paarc',
      flowDc: { effect: 'no-effect', why: "FLOW-DC's latency mode, the one it runs, does not read it" },
    },
  },
} as const satisfies Keys;
