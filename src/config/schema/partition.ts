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
      'What rows of one unit, or of one file of a split manifest, have in common as far as possible. Requests are paced per host either way.',
    fdc: { slice: 'partition', option: 'groupBy', group: 'output', commands: ['download', 'config', 'submit', 'partition'] },
  },
  groups: {
    type: 'integer',
    minimum: 1,
    maximum: 100_000,
    description: 'Number of files that a manifest is split into.',
    fdc: { slice: 'partition', option: 'groups', value: 'N', group: 'other', commands: ['partition'], flowDc: { effect: 'used' } },
  },
  method: {
    type: 'string',
    enum: ['host', 'simple', 'greedy'],
    default: 'host',
    description: 'How a manifest is split into files: whole hosts, runs of rows, or balanced by grouping_col.',
    fdc: { slice: 'partition', option: 'method', group: 'other', commands: ['partition'], flowDc: { effect: 'used' } },
  },
  grouping_col: {
    type: 'string',
    minLength: 1,
    description: 'Column that method greedy keeps together.',
    fdc: {
      slice: 'partition',
      option: 'groupingColumn',
      nullable: true,
      value: 'COLUMN',
      group: 'other',
      commands: ['partition'],
      flowDc: { effect: 'used' },
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
      group: 'other',
      commands: ['partition'],
      flowDc: { effect: 'used' },
    },
  },
} as const satisfies Keys;
