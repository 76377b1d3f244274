/** FLOW-DC's keys for size estimates and for uploads. */
import type { Keys } from './key.ts';

const UPLOADING = ['download', 'config', 'submit', 'worker'] as const;

/**
 * FLOW-DC's keys for size estimates and for uploads. How a manifest is split: partition.ts; how machines meet:
 * cluster.ts.
 */
export const DISTRIBUTE_KEYS = {
  cloud_destination: {
    type: 'string',
    minLength: 1,
    description:
      'Where finished shards are uploaded to, as cloud_tool names it; the folder of -o keeps the small files and ' +
      'the state.',
    fdc: {
      slice: 'sink',
      option: 'cloudDestination',
      aliases: ['cloud_folder'],
      value: 'REMOTE',
      group: 'output',
      commands: UPLOADING,
      flowDc: { effect: 'used' },
    },
  },
  cloud_tool: {
    type: 'string',
    enum: ['gocmd', 'aws', 'gsutil', 'rclone', 'scp'],
    default: 'gocmd',
    description: 'Program that uploads to cloud_destination.',
    fdc: { slice: 'sink', option: 'cloudTool', group: 'output', commands: UPLOADING, flowDc: { effect: 'used' } },
  },
  cloud_put_command: {
    type: 'string',
    minLength: 1,
    description:
      'Upload command in place of that of cloud_tool, with {file}, {destination} and {name}; run without a shell, ' +
      'in the folder of the file.',
    fdc: {
      slice: 'sink',
      option: 'cloudPutCommand',
      value: 'COMMAND',
      nullable: true,
      group: 'output',
      commands: UPLOADING,
      flowDc: { effect: 'used' },
    },
  },
  cloud_stream: {
    type: 'boolean',
    default: false,
    description:
      'Bring shards to cloud_destination while they are written, without a copy on this disk; an upload that fails ' +
      'costs fetching its unit again.',
    fdc: { slice: 'sink', option: 'cloudStream', group: 'output', commands: UPLOADING },
  },
  cloud_timeout: {
    type: 'number',
    exclusiveMinimum: 0,
    default: 600,
    description:
      'A call of the upload program that takes longer, and a second more per 128 KiB, is ended and made again.',
    fdc: {
      slice: 'sink',
      option: 'cloudTimeoutMs',
      scale: 1000,
      unit: 's',
      value: 'SEC',
      group: 'output',
      commands: UPLOADING,
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
