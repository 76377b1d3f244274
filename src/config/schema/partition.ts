/** How rows are cut into units, how many of those wait, and how a manifest is split into files. */
import type { Keys } from './key.ts';

/** How rows are cut into units (each becomes one shard), and how a manifest is split into files. */
export const PARTITION_KEYS = {
  shard_size: {
    type: 'integer',
    minimum: 1,
    maximum: 10_000,
    default: 2000,
    description: 'Most rows in one shard, and so in one unit of work.',
    fdc: {
      slice: 'partition',
      option: 'shardSize',
      unit: 'rows',
      value: 'N',
      group: 'output',
      common: true,
      commands: ['download', 'config', 'submit'],
    },
  },
  group_by: {
    type: 'string',
    enum: ['host', 'registrable-domain'],
    default: 'host',
    description:
      'What rows of one unit, or of one file of a split manifest, have in common as far as possible. Requests ' +
      'are paced per host either way.',
    fdc: {
      slice: 'partition',
      option: 'groupBy',
      group: 'output',
      commands: ['download', 'config', 'submit', 'partition'],
    },
  },
  groups: {
    type: 'integer',
    minimum: 1,
    maximum: 100_000,
    description: 'Number of files that a manifest is split into.',
    fdc: {
      slice: 'partition',
      option: 'groups',
      flagAliases: ['partitions'],
      value: 'N',
      group: 'output',
      common: true,
      commands: ['partition'],
      flowDc: { effect: 'used' },
    },
  },
  method: {
    type: 'string',
    enum: ['host', 'simple', 'greedy'],
    default: 'host',
    description:
      'How a manifest is split into files: host keeps the rows of a host together, greedy those of a value of ' +
      'grouping_col, simple cuts equal runs.',
    fdc: {
      slice: 'partition',
      option: 'method',
      group: 'output',
      common: true,
      commands: ['partition'],
      flowDc: { effect: 'used' },
    },
  },
  grouping_col: {
    type: 'string',
    minLength: 1,
    description: 'Column whose values method greedy keeps together; null is a value.',
    fdc: {
      slice: 'partition',
      option: 'groupingColumn',
      flagAliases: ['column'],
      nullable: true,
      value: 'COLUMN',
      group: 'output',
      common: true,
      commands: ['partition'],
      flowDc: { effect: 'used' },
    },
  },
  keep_host_whole: {
    type: 'boolean',
    default: false,
    description: 'Never split a host (or value) over files, although one of them may then hold most rows.',
    fdc: {
      slice: 'partition',
      option: 'keepHostWhole',
      flagAliases: ['keep_whole'],
      group: 'output',
      commands: ['partition'],
    },
  },
  add_host_column: {
    type: 'boolean',
    default: true,
    description: 'Write a host column into the files that a manifest is split into.',
    fdc: {
      slice: 'partition',
      option: 'addHostColumn',
      offFlags: ['no_host_column'],
      off: 'Leave the host column out of the files.',
      group: 'output',
      commands: ['partition'],
      flowDc: { effect: 'used' },
    },
  },
} as const satisfies Keys;

/** Between the distributor and the workers. */
export const TRANSPORT_KEYS = {
  queue_units: {
    type: 'integer',
    minimum: 1,
    maximum: 100_000,
    default: 4,
    description: 'Units that may wait in the queue; the reader of the manifest is held above.',
    fdc: {
      slice: 'transport',
      option: 'queueUnits',
      unit: 'units',
      value: 'N',
      group: 'memory',
      commands: ['download', 'resume', 'config', 'submit'],
    },
  },
} as const satisfies Keys;
