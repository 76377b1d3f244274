/** When a run ends before its rows do, and what its end means. */
import type { Keys } from './key.ts';

const RUNS = ['download', 'resume', 'config', 'submit', 'worker'] as const;
/** Those that see all rows of a job. */
const STOPPABLE = ['download', 'resume', 'config', 'submit'] as const;

/** When a run ends before its rows do, and what its end means. */
export const RUN_END_KEYS = {
  max_failure_rate: {
    type: 'number',
    minimum: 0,
    maximum: 1,
    default: 1,
    description: 'Exit with 3 when a larger share of the rows failed.',
    fdc: { slice: 'run', option: 'maxFailureRate', value: 'SHARE', group: 'run', commands: RUNS },
  },
  stop_above_failure_rate: {
    type: 'number',
    minimum: 0,
    maximum: 1,
    default: 1,
    description:
      'Stop the run when a larger share of its rows fails, and say which codes, which hosts and why: exit code 3, and ' +
      'the same command goes on. 1 never stops.',
    fdc: { slice: 'run', option: 'stopAboveFailureRate', value: 'SHARE', group: 'run', commands: STOPPABLE },
  },
  stop_after_rows: {
    type: 'integer',
    minimum: 1,
    default: 1000,
    description: 'Rows of the run that must be settled before stop_above_failure_rate is looked at.',
    fdc: { slice: 'run', option: 'stopAfterRows', unit: 'rows', value: 'N', group: 'run', commands: STOPPABLE },
  },
  disk_reserve: {
    type: 'integer',
    minimum: 0,
    default: 268_435_456,
    description:
      'Hold the run while less than this is free where it writes: at the output, and where bodies are spilled. Unless ' +
      'it is given, a disk that had less than 512 MiB at the start is used to its end. 0 never holds.',
    fdc: { slice: 'run', option: 'diskReserveBytes', unit: 'bytes', value: 'SIZE', group: 'run', commands: RUNS },
  },
  drain_sec: {
    type: 'number',
    minimum: 0,
    maximum: 86_400,
    default: 30,
    description:
      'Time to finish after the first signal; a second signal ends at once. A worker finishes its open units; a ' +
      'download lets requests in flight end, for 5 s at most, and keeps what it has of open units for the resume.',
    fdc: { slice: 'run', option: 'drainMs', scale: 1000, unit: 's', value: 'SECONDS', group: 'run', commands: RUNS },
  },
} as const satisfies Keys;
