/** Between the distributor and the workers. */
import type { Keys } from './key.ts';

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
