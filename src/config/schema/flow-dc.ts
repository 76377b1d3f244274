/** Keys that FLOW-DC's files and command lines have and that do nothing here. */
import type { FlowDcEffect, KeyMeta, Keys } from './key.ts';

const NO_SCHEDULER = 'workers take units as they are ready, so no task asks a scheduler for cores, memory or disk';
const OLD_GAMMA = 'a parameter of an older controller; current FLOW-DC does not read it either';
const OLD_BBR = 'a parameter of the rate controller that PAARC replaced; current FLOW-DC does not read it either';
const NO_PROBING = 'extensions are tried while the rows are fetched (try_extensions), without a pass before it';
const OLD_BUCKET = "each host's rate is found by PAARC, and nothing is saved up for a burst";
const NO_CROISSANT =
  'the card, README.md, describes every dataset in the form of the Hugging Face Hub; Croissant is made from it there';
const OWN_WORDS =
  'the card, README.md, has the figures and licences of the rows; what else is to be said is written into it by hand';
const OLD_MAKER = 'the program that made manifests of a database is not part of FLOW-DC any more';

function inert(effect: FlowDcEffect['effect'], why: string): KeyMeta {
  return { group: 'flowDc', flowDc: { effect, why } };
}

function inertText(was: string, why: string) {
  return { type: 'string', description: `${was}.`, fdc: { ...inert('no-effect', why), nullable: true } } as const;
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
  startup_max_intervals: oldRateKey('longest startup, in intervals'),
  token_bucket_in_download_single: {
    type: 'boolean',
    description: 'Rate controller before PAARC: where its token bucket stands.',
    fdc: inert('no-effect', OLD_BBR),
  },
  rate_limit: {
    type: 'number',
    minimum: 0,
    description: 'Token bucket of the first versions: requests per second.',
    fdc: inert('used', 'with enable_rate_limiting, as the most requests per second to each host'),
  },
  enable_rate_limiting: {
    type: 'boolean',
    description: 'Token bucket of the first versions: whether there is one.',
    fdc: inert('used', 'with rate_limit, as the most requests per second to each host'),
  },
  rate_capacity: {
    type: 'number',
    minimum: 0,
    description: 'Token bucket of the first versions: longest burst, in requests.',
    fdc: inert('no-effect', OLD_BUCKET),
  },
  rate_control_mode: inertText('Token bucket of the first versions: what moves its rate', OLD_BUCKET),
  croissant: inertText('First versions: Croissant metadata beside the dataset', NO_CROISSANT),
  dataset_name: inertText('Croissant metadata: name of the dataset', OWN_WORDS),
  dataset_description: inertText('Croissant metadata: what the dataset is', OWN_WORDS),
  dataset_url: inertText('Croissant metadata: where the dataset is', OWN_WORDS),
  dataset_license: inertText('Croissant metadata: licence of the dataset', OWN_WORDS),
  dataset_creator: inertText('Croissant metadata: who made the dataset', OWN_WORDS),
  dataset_version: inertText('Croissant metadata: version of the dataset', OWN_WORDS),
  dataset_citation: inertText('Croissant metadata: how to cite the dataset', OWN_WORDS),
  dataset_keywords: inertText('Croissant metadata: keywords of the dataset', OWN_WORDS),
  download_method: inertText(
    'First versions: http_get, or ways that were never finished',
    'rows are fetched as their URLs say; --allow-s3 fetches those of object stores',
  ),
  download_script: inertText('TaskVine, first versions: program that a task runs', 'workers are this program'),
  filename_column: inertText('First versions: column with the names of files', 'key_col names samples after a column'),
  db: inertText('Before FLOW-DC: database to make manifests of', OLD_MAKER),
  excel: inertText('Before FLOW-DC: table of the species to take', OLD_MAKER),
  row_name: inertText('Before FLOW-DC: column of that table', OLD_MAKER),
  division: { type: 'number', description: 'Before FLOW-DC: parts to make.', fdc: inert('no-effect', OLD_MAKER) },
  split_folder: inertText('Before FLOW-DC: folder for the parts', OLD_MAKER),
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
} as const satisfies Keys;
