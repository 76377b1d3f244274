/** Keys that FLOW-DC's files and command lines have and that do nothing here. */
import type { FlowDcEffect, KeyMeta, Keys } from './key.ts';

const NO_SCHEDULER = 'workers take units as they are ready, so no task asks a scheduler for cores, memory or disk';
const OLD_GAMMA = 'a parameter of an older controller; current FLOW-DC does not read it either';
const OLD_BBR = 'a parameter of the rate controller that PAARC replaced; current FLOW-DC does not read it either';
const NO_PROBING = 'extensions are not probed beforehand: samples are named after their content';

function inert(effect: FlowDcEffect['effect'], why: string): KeyMeta {
  return { group: 'flowDc', flowDc: { effect, why } };
}

function oldRateKey(was: string) {
  return {
    type: 'number',
    description: `Rate controller before PAARC: ${was}.`,
    fdc: inert('no-effect', OLD_BBR),
  } as const;
}

/**
 * Keys that FLOW-DC's files and command lines have and that do nothing here. Known, so that such files pass unchanged.
 */
export const FLOW_DC_KEYS = {
  task_cores: {
    type: 'number',
    minimum: 0,
    description: 'TaskVine: cores of a task.',
    fdc: inert('no-effect', NO_SCHEDULER),
  },
  task_memory_mb: {
    type: 'number',
    minimum: 0,
    description: 'TaskVine: memory of a task.',
    fdc: inert('no-effect', NO_SCHEDULER),
  },
  task_disk_mb: {
    type: 'number',
    minimum: 0,
    description: 'TaskVine: disk of a task.',
    fdc: inert('no-effect', NO_SCHEDULER),
  },
  ulimit_nofile: {
    type: 'integer',
    minimum: 0,
    description: 'TaskVine: open-file limit of a task.',
    fdc: inert('replaced', 'the open-file limit of the process counts; set it with ulimit -n'),
  },
  gamma_startup: {
    type: 'number',
    description: 'PAARC before version 2: growth in startup.',
    fdc: inert('no-effect', OLD_GAMMA),
  },
  gamma_probe: {
    type: 'number',
    description: 'PAARC before version 2: growth in a probe.',
    fdc: inert('no-effect', OLD_GAMMA),
  },
  initial_rate: oldRateKey('first rate'),
  min_rate: oldRateKey('least rate'),
  max_rate: oldRateKey('highest rate'),
  per_host_conc_init: oldRateKey('first concurrency of a host'),
  per_host_conc_cap: oldRateKey('highest concurrency of a host'),
  control_interval_sec: oldRateKey('length of an interval'),
  startup_growth_factor: oldRateKey('growth in startup'),
  latency_degradation_factor: oldRateKey('latency that counts as degraded'),
  headroom: {
    type: 'number',
    description:
      "Rate controller before PAARC: share of the rate that is used. This controller's own is paarc_headroom.",
    fdc: inert('no-effect', OLD_BBR),
  },
  probe_interval_sec: oldRateKey('time between probes'),
  probe_increment: oldRateKey('growth in a probe'),
  backoff_ceiling_factor: oldRateKey('cut of the ceiling'),
  backoff_cooldown_sec: oldRateKey('pause after a cut'),
  batch_size: {
    type: 'integer',
    minimum: 1,
    description: 'Extension probing: rows per batch.',
    fdc: inert('no-effect', NO_PROBING),
  },
  checkpoint_dir: {
    type: 'string',
    description: 'Extension probing: folder for intermediate results.',
    fdc: { ...inert('no-effect', NO_PROBING), nullable: true },
  },
  extensions: {
    type: 'array',
    items: { type: 'string' },
    description: 'Extension probing: extensions to try.',
    fdc: { ...inert('no-effect', NO_PROBING), list: 'comma' },
  },
} as const satisfies Keys;
