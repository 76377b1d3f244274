/** How rows are cut into units, how many of those wait, and how a manifest is split into files. */
import type { Keys } from './key.ts';

/** How rows are cut into units (each becomes one shard), and how a manifest is split into files. */
export const PARTITION_KEYS = {
  shard_size: {
    type: 'integer',
    minimum: 1,
    maximum: 50_000,
    default: 2000,
    description: 'Most rows in one shard, and so in one unit of work. Open units take about 1 kB of memory per row.',
    fdc: {
      slice: 'partition',
      option: 'shardSize',
      unit: 'rows',
      derived: 'shard_bytes / mean_bytes where shard_bytes is given, else 2000',
      value: 'N',
      group: 'output',
      common: true,
      commands: ['download', 'config', 'submit'],
    },
  },
  shard_bytes: {
    type: 'integer',
    minimum: 1_000_000,
    description:
      'Size that shards are to have, about: shard_size becomes as many rows of mean_bytes as make it, up to 50,000. ' +
      'Rows that are not fetched make a shard smaller.',
    fdc: {
      slice: 'partition',
      option: 'shardBytes',
      unit: 'bytes',
      value: 'SIZE',
      group: 'output',
      commands: ['download', 'config', 'submit'],
    },
  },
  mean_bytes: {
    type: 'integer',
    minimum: 1,
    description:
      'Mean size of the samples, by which shard_bytes plans; flow-dc estimate says it. 100 kB when not given.',
    fdc: {
      slice: 'partition',
      option: 'meanBytes',
      unit: 'bytes',
      value: 'SIZE',
      group: 'output',
      commands: ['download', 'config', 'submit'],
    },
  },
  mix: {
    type: 'boolean',
    default: false,
    description:
      'Mix hosts: deal the rows of a window (262,144, or 64 MiB) out to its shards at random, for training that reads ' +
      'shards in order. Requests are paced per host all the same; a slow host then delays every shard, not its own.',
    fdc: {
      slice: 'partition',
      option: 'mix',
      group: 'output',
      commands: ['download', 'config', 'submit'],
    },
  },
  mix_seed: {
    type: 'integer',
    minimum: 0,
    maximum: 4_294_967_295,
    default: 0,
    description: 'Another seed mixes in another way, the same seed in the same.',
    fdc: {
      slice: 'partition',
      option: 'mixSeed',
      value: 'N',
      group: 'output',
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
