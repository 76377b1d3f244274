/** FLOW-DC's keys for size estimates and for uploads. */
import type { KeyMeta, Keys } from './key.ts';

const NO_UPLOAD: KeyMeta = {
  group: 'flowDc',
  flowDc: {
    effect: 'no-effect',
    why: 'workers do not upload: give -o a folder that every machine sees, and copy it to the cloud afterwards',
  },
};

/**
 * FLOW-DC's keys for size estimates and for uploads. How a manifest is split: partition.ts; how machines meet:
 * cluster.ts.
 */
export const DISTRIBUTE_KEYS = {
  cloud_destination: {
    type: 'string',
    minLength: 1,
    description: 'Where workers upload finished shards to.',
    fdc: NO_UPLOAD,
  },
  cloud_tool: {
    type: 'string',
    enum: ['gocmd', 'aws', 'gsutil', 'rclone', 'scp'],
    description: 'Program that uploads to cloud_destination.',
    fdc: NO_UPLOAD,
  },
  cloud_put_command: {
    type: 'string',
    minLength: 1,
    description: 'Upload command in place of that of cloud_tool, with {file} and {destination}.',
    fdc: { ...NO_UPLOAD, nullable: true },
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
