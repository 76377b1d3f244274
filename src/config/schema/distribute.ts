import type { Keys } from './key.ts';

/** FLOW-DC's keys for size estimates and for a manager with workers. How a manifest is split: partition.ts. */
export const DISTRIBUTE_KEYS = {
  port_number: {
    type: 'integer',
    minimum: 0,
    maximum: 65_535,
    default: 9123,
    description: 'Port on which submit serves its workers.',
    fdc: { slice: 'run', option: 'portNumber', value: 'PORT', group: 'other', commands: ['submit'], flowDc: { effect: 'used' } },
  },
  cloud_destination: {
    type: 'string',
    minLength: 1,
    description: 'Where workers upload finished shards to.',
    fdc: { slice: 'run', option: 'cloudDestination', value: 'DEST', group: 'other', commands: ['submit'], flowDc: { effect: 'used' } },
  },
  cloud_tool: {
    type: 'string',
    enum: ['gocmd', 'aws', 'gsutil', 'rclone', 'scp'],
    default: 'gocmd',
    description: 'Program that uploads to cloud_destination.',
    fdc: { slice: 'run', option: 'cloudTool', group: 'other', commands: ['submit'], flowDc: { effect: 'used' } },
  },
  cloud_put_command: {
    type: 'string',
    minLength: 1,
    description: 'Upload command in place of that of cloud_tool, with {file} and {destination}.',
    fdc: {
      slice: 'run',
      option: 'cloudPutCommand',
      nullable: true,
      value: 'COMMAND',
      group: 'other',
      commands: ['submit'],
      flowDc: { effect: 'used' },
    },
  },
  sample: {
    type: 'integer',
    minimum: 2,
    maximum: 1_000_000,
    default: 1000,
    description: 'Rows whose size an estimate asks for, about; as many as there are for the exact sum.',
    fdc: {
      slice: 'run',
      option: 'sampleRows',
      unit: 'rows',
      nullable: true,
      value: 'N',
      group: 'other',
      common: true,
      commands: ['estimate'],
      flowDc: { effect: 'used', why: 'without it 1000 rows are asked for, where FLOW-DC asks for all' },
    },
  },
  seed: {
    type: 'integer',
    minimum: 0,
    maximum: 4_294_967_295,
    default: 1,
    description: 'Which rows an estimate takes: the same ones for the same seed and manifest.',
    fdc: { slice: 'run', option: 'sampleSeed', value: 'N', group: 'other', commands: ['estimate'] },
  },
} as const satisfies Keys;
